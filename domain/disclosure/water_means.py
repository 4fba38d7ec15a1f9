"""Means over samples, months and points: what is evaluated when there is more than one value.

A month is the mean of its samples per item, a quarter and a year the mean of their months (unconfirmed for the national
text, hence named here and nowhere else). Nothing is rounded before the evaluation itself.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from domain.disclosure.water import read_value
from domain.disclosure.water_limits import NATIONAL, Rules

Values = Mapping[str, Decimal | str | None]


def mean_of(numbers: Sequence[Decimal]) -> Decimal:
    """The exact arithmetic mean (28 digits); raises ValueError without numbers."""
    if not numbers:
        raise ValueError("a mean needs at least one value")
    return sum(numbers, Decimal(0)) / len(numbers)


def mean_ph(numbers: Sequence[Decimal]) -> Decimal:
    """The pH of the mean hydrogen-ion concentration: the other reading of the method, an option."""
    ions = math.fsum(10.0 ** -float(number) for number in numbers) / len(numbers)
    return Decimal(repr(round(-math.log10(ions), 6)))


def mean_values(samples: Iterable[Values], *, rules: Rules = NATIONAL) -> dict[str, Decimal]:
    """Item by item, the mean of the samples in which it was measured. Raises `Invalid` for text that is no number."""
    found: dict[str, list[Decimal]] = {}
    for sample in samples:
        for code, given in sample.items():
            value = read_value(given, field=code, rules=rules) if isinstance(given, str) else given
            if value is not None:
                found.setdefault(code, []).append(value)
    return {
        code: mean_ph(numbers) if code == "ph" and rules.ph_mean == "ion" else mean_of(numbers)
        for code, numbers in found.items()
    }


def months_of_quarter(quarter: int) -> range:
    """The three months of quarter 1 to 4."""
    if quarter not in range(1, 5):
        raise ValueError("a quarter is 1 to 4")
    return range(quarter * 3 - 2, quarter * 3 + 1)


def lake_mean(points: Sequence[Sequence[Values]], *, rules: Rules = NATIONAL) -> dict[str, Decimal]:
    """A lake with several points: the mean over time per point, then over the points."""
    return mean_values([mean_values(samples, rules=rules) for samples in points], rules=rules)


# Weights and coefficients of the trophic state index are from memory, not from a confirmed text.
TROPHIC_UNCONFIRMED = True
TROPHIC: Mapping[str, tuple[float, float, float]] = {  # code: weight, constant, factor of ln(value)
    "chla": (0.2663, 2.500, 1.086),
    "tp": (0.1879, 9.436, 1.624),
    "tn": (0.1790, 5.453, 1.694),
    "sd": (0.1834, 5.118, -1.940),
    "codmn": (0.1834, 0.109, 2.661),
}


def trophic_index(values: Mapping[str, Decimal]) -> float | None:
    """TLI of a lake from chla (mg/m³), tp, tn, codmn (mg/L) and sd (m); None unless all five are positive."""
    if any(values.get(code, Decimal(0)) <= 0 for code in TROPHIC):
        return None
    weights = math.fsum(weight for weight, _, _ in TROPHIC.values())
    return math.fsum(
        weight / weights * 10 * (constant + factor * math.log(float(values[code])))
        for code, (weight, constant, factor) in TROPHIC.items()
    )
