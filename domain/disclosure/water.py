"""The class of one section's water by the single-factor method (环办〔2011〕22号): round, then the worst item.

Pure. Values come as decimal text; rounding is half-even on that text (GB/T 8170), never on binary floats.
"""

import re
import unicodedata
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from domain.disclosure.water_limits import (
    BY_CODE,
    CLASS_III,
    CLASS_NAMES,
    COLOURS,
    ITEMS,
    NATIONAL,
    PH_RANGE,
    STATUS_OF_CLASS,
    WORSE_THAN_V,
    Body,
    Item,
    Rules,
    Status,
)
from domain.kernel.errors import Invalid, Text

MAIN_POLLUTANTS_MAX = 3
DIGITS = r"(?:[0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?"
NUMBER = re.compile(f"[+-]?{DIGITS}")
BELOW = re.compile(rf"(?:<|≤|低于|小于)\s*({DIGITS})|({DIGITS})\s*[Ll]")  # `0.05L` is how laboratories print it
NO_VALUE = frozenset({"", "-", "--", "—", "*", "/", "无", "未测", "未监测", "缺测", "断流", "维护"})
UNDETECTED = frozenset({"未检出", "nd", "n.d.", "低于检出限", "<检出限", "<dl"})
ONE_DECIMAL = Decimal("0.1")
PLACES: dict[str, int | None] = {item.code: item.decimals for item in ITEMS}
EXPONENTS = tuple(Decimal(1).scaleb(-places) for places in range(8))


class ItemResult(msgspec.Struct, frozen=True):
    """One item as evaluated: the rounded value and the class it alone would give (None: no class exists for it)."""

    code: str
    value: Decimal
    water_class: int | None


class Pollutant(msgspec.Struct, frozen=True):
    """An item worse than the reference class; `multiple` is exact and None for pH and dissolved oxygen."""

    code: str
    multiple: Decimal | None

    @property
    def label(self) -> str:
        """The printed form: `高锰酸盐指数(1.2)`, or the bare name when the method states no multiple."""
        name = BY_CODE[self.code].name.zh
        if self.multiple is None:
            return name
        return f"{name}({self.multiple.quantize(ONE_DECIMAL, ROUND_HALF_EVEN)})"


class Evaluation(msgspec.Struct, frozen=True):
    """One section and period. `water_class` is 1 to 6 (6 = worse than V), None when nothing was measured."""

    water_class: int | None
    items: tuple[ItemResult, ...]
    apart: tuple[ItemResult, ...]  # total nitrogen and faecal coliform, reported beside the class
    main_pollutants: tuple[Pollutant, ...]

    @property
    def class_name(self) -> str:
        """The class as printed, `Ⅰ` to `劣Ⅴ`; empty when not monitored."""
        return CLASS_NAMES[self.water_class] if self.water_class else ""

    @property
    def status(self) -> Status | None:
        """The qualitative state, or None when not monitored."""
        return STATUS_OF_CLASS[self.water_class] if self.water_class else None

    @property
    def colour(self) -> str:
        """The national platform's colour, grey when not monitored."""
        return COLOURS[self.water_class]


def read_value(text: str, *, field: str = "", rules: Rules = NATIONAL) -> Decimal | None:
    """The number in a monitoring cell; None for `--`, `未监测` and the like. Raises `Invalid` for anything else.

    Below a detection limit (`<0.05`, `0.05L`) the share of it that the rules name counts; `未检出` without a limit
    counts as zero: it was measured and there was nothing.
    """
    if NUMBER.fullmatch(text):
        return Decimal(text.replace(",", ""))
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain in NO_VALUE:
        return None
    if NUMBER.fullmatch(plain):
        return Decimal(plain.replace(",", ""))
    if plain.lower() in UNDETECTED:
        return Decimal(0)
    if below := BELOW.fullmatch(plain):
        return Decimal((below[1] or below[2]).replace(",", "")) * rules.below_detection_share
    raise Invalid(Text(f"“{plain[:20]}”不是数值", f"{plain[:20]!r} is not a number"), field=field)


def rounded(value: Decimal, places: int | None) -> Decimal:
    """`value` to `places` decimals, half to even; unchanged when `places` is None."""
    return value if places is None else value.quantize(EXPONENTS[places], ROUND_HALF_EVEN)


def class_of(item: Item, value: Decimal, *, body: Body) -> int | None:
    """The best class whose limit the (already rounded) value meets; 6 when none; None when the item has no classes."""
    if item.direction == "range":
        return 1 if PH_RANGE[0] <= value <= PH_RANGE[1] else WORSE_THAN_V
    limits = item.limits_for(body)
    if not limits:
        return None
    if item.direction == "at_least":
        return next((n for n, limit in enumerate(limits, 1) if value >= limit), WORSE_THAN_V)
    return next((n for n, limit in enumerate(limits, 1) if value <= limit), WORSE_THAN_V)


def evaluate(values: Mapping[str, Decimal | str | None], *, body: Body, rules: Rules = NATIONAL) -> Evaluation:
    """The class of one section from its measured items; unmeasured ones take no part.

    Raises `Invalid` naming the item for an unknown item code, text that is no number, or a negative concentration.
    """
    places = {**PLACES, **rules.decimals} if rules.decimals else PLACES
    counted: list[ItemResult] = []
    apart: list[ItemResult] = []
    for code, given in values.items():
        item = BY_CODE.get(code)
        if item is None:
            raise Invalid(Text(f"未知监测项目“{code[:20]}”", f"unknown item {code[:20]!r}"), field=code)
        value = read_value(given, field=code, rules=rules) if isinstance(given, str) else given
        if value is None or item.direction == "none":
            continue
        if value < 0:
            raise Invalid(Text("浓度不能为负", "a concentration cannot be negative"), field=code)
        value = rounded(value, places[code])
        result = ItemResult(code, value, class_of(item, value, body=body))
        (counted if item.in_class else apart).append(result)
    if rules.saturation_counts_for_class_one:
        counted = [_saturated(result, values.get("temperature")) for result in counted]
    worst = max((result.water_class or 1 for result in counted), default=None)
    main = main_pollutants(counted, body=body) if worst is not None and worst > CLASS_III else ()
    return Evaluation(worst, tuple(counted), tuple(apart), main)


def _saturated(result: ItemResult, temperature: Decimal | str | None) -> ItemResult:
    """Class I for oxygen at 90 % of saturation, 468/(31.6+T) mg/L; an option that is off by default."""
    degrees = read_value(temperature) if isinstance(temperature, str) else temperature
    if result.code != "do" or degrees is None:
        return result
    enough = result.value >= Decimal("0.9") * 468 / (Decimal("31.6") + degrees)
    return ItemResult(result.code, result.value, 1) if enough else result


def exceedances(
    results: list[ItemResult], *, body: Body, than: int = CLASS_III
) -> list[tuple[Item, ItemResult, Pollutant]]:
    """Items worse than class `than`, with the exact multiple over that class's limit."""
    found = []
    for result in results:
        if result.water_class is None or result.water_class <= than:
            continue
        item = BY_CODE[result.code]
        multiple = None
        if item.has_multiple:
            limit = item.limits_for(body)[than - 1]
            multiple = (result.value - limit) / limit
        found.append((item, result, Pollutant(result.code, multiple)))
    return found


def main_pollutants(results: list[ItemResult], *, body: Body) -> tuple[Pollutant, ...]:
    """At most three: cyanide and heavy metals first, then by item class, then by multiple.

    Items without a multiple (pH, oxygen) follow those of their class that have one: the method leaves that tie open.
    """
    ranked = sorted(
        exceedances(results, body=body),
        key=lambda found: (not found[0].goes_first, -(found[1].water_class or 0), -(found[2].multiple or 0)),
    )
    return tuple(pollutant for _, _, pollutant in ranked[:MAIN_POLLUTANTS_MAX])


def meets(evaluation: Evaluation, *, target: int) -> bool | None:
    """Whether the section keeps its target class (1 to 5); None when it was not monitored."""
    return None if evaluation.water_class is None else evaluation.water_class <= target


def over_target(evaluation: Evaluation, *, target: int, body: Body) -> tuple[Pollutant, ...]:
    """The items worse than the section's own target class, worst first, with multiples over the target's limit."""
    found = exceedances(list(evaluation.items), body=body, than=target)
    found.sort(key=lambda entry: (-(entry[1].water_class or 0), -(entry[2].multiple or 0)))
    return tuple(pollutant for _, _, pollutant in found)
