"""Electronic instead of paper invoices, from the tax platform."""

from datetime import date

from domain.kernel.errors import Text
from rewards.behaviour import Behaviour, Cap
from rewards.methods import Input, Method

BEHAVIOUR = Behaviour(
    code="e-invoice",
    title=Text("电子发票", "Taking an electronic invoice"),
    field="office",
    proofs=("provider",),
    methods=(
        Method(
            version=1,
            valid_from=date(2024, 1, 1),
            inputs={"pieces": Input(unit="piece", low="1", high="20")},
            grams="pieces * e_invoice_saving",
            factors=("e_invoice_saving",),
        ),
    ),
    caps=(Cap(period="day", of="times", limit=5), Cap(period="month", of="mg", limit=500_000)),
)
