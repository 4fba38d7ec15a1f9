"""Steps of a local day, from WeRun, paid as the increase of the day."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="walk",
    title=Text("步行", "Walking"),
    field="travel",
    proofs=("werun",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"steps": Input(unit="step", high="100000")},
            grams="min(steps, walk_steps) * walk_grams / walk_steps",
            factors=("walk_grams", "walk_steps"),
        ),
    ),
    caps=(Cap(period="day", of="mg", limit=296_000),),
)
