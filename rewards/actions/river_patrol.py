"""River patrols with a track: points and service minutes, no grams."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="river-patrol",
    title=Text("巡河", "Patrolling a river"),
    field="volunteering",
    proofs=("attendance",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"hours": Input(unit="h", high="12")},
            points="hours * 20",
        ),
    ),
    caps=(Cap(period="day", of="points", limit=120), Cap(period="month", of="points", limit=800)),
    service=True,
)
