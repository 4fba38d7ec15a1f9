"""A planted tree, credited after each yearly check, never in advance."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="tree",
    title=Text("种植并养护树木", "Growing a planted tree"),
    field="nature",
    proofs=("attendance",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"trees": Input(unit="tree", low="1", high="20")},
            grams="trees * tree_growth",
            factors=("tree_growth",),
        ),
    ),
    caps=(Cap(period="month", of="times", limit=4),),
)
