"""Electricity saved against the household's own baseline; a month of more use counts zero and stays in the log."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="power-saving",
    title=Text("节约用电", "Saving electricity"),
    field="energy",
    proofs=("provider",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"energy_kwh": Input(unit="kWh", low="-2000", high="2000")},
            grams="energy_kwh * grid * 1000",
            factors=("grid",),
        ),
    ),
    caps=(Cap(period="month", of="mg", limit=200_000_000),),
)
