"""Shared-bike rides reported by the operator."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="bike",
    title=Text("骑行共享单车", "Riding a shared bike"),
    field="travel",
    proofs=("provider",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"distance_km": Input(unit="km", high="60")},
            grams="distance_km * bike_saving",
            factors=("bike_saving",),
        ),
    ),
    caps=(Cap(period="day", of="times", limit=6), Cap(period="month", of="mg", limit=20_000_000)),
    occupies_time=True,
    speed_max_kmh=30,
)
