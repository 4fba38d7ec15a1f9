"""Service hours of an organised activity: points and service minutes, no grams."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="volunteering",
    title=Text("志愿服务", "Volunteering"),
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
    caps=(Cap(period="day", of="points", limit=160), Cap(period="month", of="points", limit=1_000)),
    service=True,
)
