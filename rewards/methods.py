"""How a behaviour becomes milligrams and points: immutable method versions over dated, sourced factors.

A method is chosen by the day of the behaviour, a factor by that day and the district's grid region. The content hash
covers the
formula, its bounds and every factor used, and is stored with each award, so a later change cannot rewrite an earlier
one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

import msgspec

from domain.kernel.errors import Invalid, Refusal, Text
from rewards import formula

Tag = Literal["C", "M", "D", "U-h", "U-m", "U-l", "P"]
UNCONFIRMED: frozenset[Tag] = frozenset({"U-h", "U-m", "U-l", "P"})  # flagged in every public total
GRAMS_PER_POINT = 10  # the scheme's published rate: one point per 10 g of the day's sum
MG_PER_POINT = GRAMS_PER_POINT * 1_000
SIXTH_DECIMAL = Decimal("0.000001")
RESULT_MG_MAX = 10**12  # a thousand tonnes: no single behaviour is near


class MethodUnknown(Refusal):
    """No version of the method was valid on that day."""

    code = "method-not-valid-then"
    status = 422
    title = Text("该日期没有有效的方法学版本", "No version of the method was valid on that day")
    advice = Text("请检查行为发生日期。", "Check the day of the behaviour.")


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """A dated number with its source. `value` is decimal text; `tag` says how sure it is."""

    code: str
    value: str
    unit: str
    source: str
    source_year: int
    tag: Tag
    region: str = "national"
    valid_from: date = date(2000, 1, 1)


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One measured quantity, its unit and its documented bounds (inclusive, decimal text)."""

    unit: str
    low: str = "0"
    high: str


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """One version. `grams` is a formula in grams of CO2e (None: nothing is quantified), `points` one of points."""

    version: int
    valid_from: date
    inputs: dict[str, Input]
    grams: str | None = None
    factors: tuple[str, ...] = ()
    points: str | None = None  # None: points come from the day's grams by the scheme's rate
    note: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a method gives: exact integers, and how they can be recomputed."""

    milligrams: int
    points: int | None  # None: from the day's total
    version: int
    content_hash: str
    factors: tuple[Factor, ...]
    unconfirmed: bool  # at least one factor is from memory or a policy choice


def valid_on(methods: Sequence[Method], day: date) -> Method:
    """The version in force on `day`; raises `MethodUnknown`."""
    known = [method for method in methods if method.valid_from <= day]
    if not known:
        raise MethodUnknown
    return max(known, key=lambda method: (method.valid_from, method.version))


def factor_on(factors: Sequence[Factor], code: str, *, region: str, day: date) -> Factor:
    """The factor valid on `day`: the region's own, else the national one. Raises `MethodUnknown`."""
    for place in (region, "national"):
        known = [f for f in factors if f.code == code and f.region == place and f.valid_from <= day]
        if known:
            return max(known, key=lambda factor: factor.valid_from)
    raise MethodUnknown


def content_hash(code: str, method: Method, factors: Sequence[Factor]) -> str:
    """SHA-256 (hex) over the canonical JSON of the behaviour's code, the method and its factors."""
    told = msgspec.json.encode({"behaviour": code, "method": method, "factors": factors}, order="deterministic")
    return hashlib.sha256(told).hexdigest()


def compute(code: str, *, method: Method, factors: Sequence[Factor], inputs: Mapping[str, Decimal]) -> Result:
    """Milligrams (rounded half-even, never below zero) and points. Raises `Invalid` for inputs out of bounds."""
    checked = _checked(method, inputs)
    values = checked | {factor.code: Decimal(factor.value) for factor in factors}
    grams = formula.evaluate(method.grams, values) if method.grams else Decimal(0)
    milligrams = int((max(grams, Decimal(0)) * 1_000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    points = None
    if method.points is not None:
        points = int(formula.evaluate(method.points, values).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    return Result(
        milligrams=min(milligrams, RESULT_MG_MAX),
        points=points,
        version=method.version,
        content_hash=content_hash(code, method, factors),
        factors=tuple(factors),
        unconfirmed=any(factor.tag in UNCONFIRMED for factor in factors),
    )


def _checked(method: Method, inputs: Mapping[str, Decimal]) -> dict[str, Decimal]:
    if set(inputs) != set(method.inputs):
        wanted = ", ".join(method.inputs) or "-"
        raise Invalid(Text(f"需要的输入：{wanted}", f"The inputs are: {wanted}"), field="inputs")
    for name, value in inputs.items():
        bounds = method.inputs[name]
        if not value.is_finite() or not Decimal(bounds.low) <= value <= Decimal(bounds.high):
            raise Invalid(
                Text(f"{name} 应在 {bounds.low} 与 {bounds.high} 之间", f"{name} is {bounds.low} to {bounds.high}"),
                field=f"inputs.{name}",
            )
        if value != value.quantize(SIXTH_DECIMAL):
            raise Invalid(Text(f"{name} 最多六位小数", f"{name} has at most six decimals"), field=f"inputs.{name}")
    return dict(inputs)
