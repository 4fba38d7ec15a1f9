"""Steps of a local day, from WeRun, paid as the increase over what was counted before."""

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
            inputs={"steps": Input(unit="step", high="100000"), "credited_grams": Input(unit="g", high="1000")},
            grams="min(steps, walk_steps) * walk_grams / walk_steps - credited_grams",
            factors=("walk_grams", "walk_steps"),
        ),
    ),
    caps=(Cap(period="day", of="mg", limit=296_000),),
)
