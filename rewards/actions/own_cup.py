"""An own cup instead of a disposable one."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="own-cup",
    title=Text("自带杯", "Bringing an own cup"),
    field="food",
    proofs=("provider", "photo"),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"uses": Input(unit="use", low="1", high="1")},
            grams="uses * own_cup_saving",
            factors=("own_cup_saving",),
        ),
    ),
    caps=(Cap(period="day", of="times", limit=2), Cap(period="month", of="times", limit=30)),
)
