"""Paper, plastic, metal, glass at a machine: points only, because no confirmed public factor exists."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="sorted-waste",
    title=Text("投放可回收物", "Handing in sorted waste"),
    field="recycling",
    proofs=("provider",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"mass_kg": Input(unit="kg", high="50")},
            points="min(20, mass_kg * 4)",
            note="No grams until a factor by material is confirmed.",
        ),
    ),
    caps=(Cap(period="day", of="points", limit=40), Cap(period="month", of="points", limit=400)),
)
