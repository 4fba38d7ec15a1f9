"""Driving a battery car instead of a petrol car, from the operator or the car maker."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="battery-car",
    title=Text("驾驶纯电动车", "Driving a battery car"),
    field="travel",
    proofs=("provider",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"distance_km": Input(unit="km", high="1000")},
            grams="distance_km * (petrol_use * petrol_factor * 10 - battery_car_use * grid * 10)",
            factors=("petrol_use", "petrol_factor", "battery_car_use", "grid"),
        ),
    ),
    caps=(Cap(period="day", of="mg", limit=20_000_000), Cap(period="month", of="mg", limit=200_000_000)),
    occupies_time=True,
    speed_max_kmh=120,
)
