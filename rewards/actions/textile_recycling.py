"""Clothes handed in at a recycling machine, by weight."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="textile-recycling",
    title=Text("旧衣回收", "Recycling textiles"),
    field="recycling",
    proofs=("provider", "photo"),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"mass_kg": Input(unit="kg", high="50")},
            grams="mass_kg * textile_saving",
            factors=("textile_saving",),
        ),
    ),
    caps=(Cap(period="day", of="times", limit=2), Cap(period="month", of="mg", limit=180_000_000)),
)
