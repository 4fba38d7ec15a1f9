"""Sharing a car: what each head saves, detour counted."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="ride-share",
    title=Text("合乘出行", "Sharing a ride"),
    field="travel",
    proofs=("provider",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"distance_km": Input(unit="km", high="500"), "riders": Input(unit="person", low="2", high="6")},
            grams="distance_km * (riders - carpool_detour) * petrol_use * petrol_factor * 10 / riders",
            factors=("carpool_detour", "petrol_use", "petrol_factor"),
        ),
    ),
    caps=(Cap(period="day", of="times", limit=4), Cap(period="month", of="mg", limit=100_000_000)),
    occupies_time=True,
    speed_max_kmh=120,
)
