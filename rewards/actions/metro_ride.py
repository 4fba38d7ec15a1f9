"""Metro rides of operators that report no distance; the average method."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="metro-ride",
    title=Text("乘坐地铁（里程未知）", "Riding the metro, distance unknown"),
    field="travel",
    proofs=("provider",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"rides": Input(unit="ride", low="1", high="8")},
            grams="rides * metro_ride_saving",
            factors=("metro_ride_saving",),
        ),
    ),
    caps=(Cap(period="day", of="times", limit=8), Cap(period="month", of="mg", limit=60_000_000)),
    occupies_time=True,
    speed_max_kmh=120,
)
