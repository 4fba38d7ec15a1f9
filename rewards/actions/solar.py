"""Own solar generation as metered by the grid company."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="solar",
    title=Text("自发光伏用电", "Using own solar power"),
    field="energy",
    proofs=("provider",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"energy_kwh": Input(unit="kWh", high="2000")},
            grams="energy_kwh * grid * 1000",
            factors=("grid",),
        ),
    ),
    caps=(Cap(period="month", of="mg", limit=1_000_000_000),),
)
