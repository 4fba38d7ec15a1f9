"""An empty plate after a meal, shown by a photograph."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="clean-plate",
    title=Text("光盘行动", "Leaving a clean plate"),
    field="food",
    proofs=("photo",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"meals": Input(unit="meal", low="1", high="1")},
            grams="meals * plate_waste * food_factor * 1000",
            factors=("plate_waste", "food_factor"),
        ),
    ),
    caps=(Cap(period="day", of="times", limit=2), Cap(period="month", of="times", limit=20)),
)
