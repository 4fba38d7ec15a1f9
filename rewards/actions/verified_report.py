"""A pollution report the platform found substantiated. Paying grams for it would be a false claim."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="verified-report",
    title=Text("举报属实", "A report that proved true"),
    field="reporting",
    proofs=("report",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"reports": Input(unit="report", low="1", high="1")},
            points="reports * 50",
        ),
    ),
    caps=(Cap(period="day", of="times", limit=5), Cap(period="month", of="times", limit=30)),
)
