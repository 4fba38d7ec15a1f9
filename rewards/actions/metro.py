"""Metro rides with a known distance."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="metro",
    title=Text("乘坐地铁", "Riding the metro"),
    field="travel",
    proofs=("provider",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"distance_km": Input(unit="km", high="200")},
            grams="distance_km * metro_saving",
            factors=("metro_saving",),
        ),
    ),
    caps=(Cap(period="day", of="times", limit=8), Cap(period="month", of="mg", limit=60_000_000)),
    occupies_time=True,
    speed_max_kmh=120,
)
