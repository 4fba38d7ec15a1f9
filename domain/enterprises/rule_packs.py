"""Rule packs: what a place's rating method says, as data with effective dates, validated when it is loaded.

What a source does not confirm carries `confirmed: false` and is listed by `unconfirmed`, so that every rating can say
which of its rules are the district's reading and not the published text.
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

FOLDER = Path(__file__).parent / "packs"
WHOLE = Decimal(100)
Percent = Annotated[Decimal, msgspec.Meta(description="0 to 100")]


class PackBroken(ValueError):
    """The pack contradicts itself; the message lists every finding."""


class Label(msgspec.Struct, frozen=True):
    """A name in both languages."""

    zh: str
    en: str


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything in a pack that may be confirmed by a source or not."""

    confirmed: bool = True


class Grade(Rule, frozen=True, kw_only=True):
    """One grade; grades stand in the pack best first."""

    code: str
    name: Label
    colour: str
    measures: tuple[Label, ...]


class Category(Rule, frozen=True, kw_only=True):
    """A group of indicators and the sum of their weights."""

    code: str
    name: Label
    weight: Percent


class Band(Rule, frozen=True, kw_only=True):
    """Which scores an outcome can earn."""

    low: Percent
    high: Percent
    rule: str


class Indicator(Rule, frozen=True, kw_only=True):
    """One indicator, scored 0 to 100."""

    code: str
    name: Label
    category: str
    weight: Percent
    bands: tuple[Band, ...]


class Named(Rule, frozen=True, kw_only=True):
    """A veto or a bonus item."""

    code: str
    name: Label


class GradeRule(Rule, frozen=True, kw_only=True):
    """The lowest (unrounded) score and number of bonus items that earn a grade; best grade first."""

    grade: str
    score_min: Percent
    bonus_items_min: int


class Bar(Rule, frozen=True, kw_only=True):
    """These grades in consecutive years forbid a grade for the following years."""

    after: tuple[str, ...]
    forbids: str
    years: int


class Adjustment(Rule, frozen=True, kw_only=True):
    """An event that lowers a published grade from its day on."""

    event: str
    name: Label
    steps_down: int


class Days(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Time limits of the procedure, in natural or working days."""

    publicity_days: int
    published_within_working_days: int
    recheck_working_days: int
    recheck_confirmed: bool
    repair_check_working_days: int
    repair_confirmed: bool


class RulePack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rating method."""

    id: str
    version: str
    title: Label
    region: str
    basis: str
    effective_from: date
    effective_to: date | None
    grades: tuple[Grade, ...]
    categories: tuple[Category, ...]
    indicators: tuple[Indicator, ...]
    bonus_items: tuple[Named, ...]
    vetoes: tuple[Named, ...]
    veto_grade: str
    grade_rules: tuple[GradeRule, ...]
    bars: tuple[Bar, ...]
    adjustments: tuple[Adjustment, ...]
    not_applicable: Literal["rescale", "full_marks"]
    not_applicable_confirmed: bool
    days: Days

    @property
    def ranks(self) -> Mapping[str, int]:
        """Grade code to rank, 0 is best."""
        return {grade.code: rank for rank, grade in enumerate(self.grades)}

    def grade(self, code: str) -> Grade:
        """The grade called `code`; raises KeyError."""
        return next(grade for grade in self.grades if grade.code == code)


def parse(text: bytes) -> RulePack:
    """A pack from JSON; raises `msgspec.ValidationError` for its shape and `PackBroken` for its content."""
    pack = msgspec.json.decode(text, type=RulePack)
    if findings := list(contradictions(pack)):
        raise PackBroken(f"{pack.id}: " + "; ".join(findings))
    return pack


def contradictions(pack: RulePack) -> Iterator[str]:
    """Every sentence is one thing wrong with the pack."""
    ranks = pack.ranks
    for kind in ("grades", "categories", "indicators", "bonus_items", "vetoes"):
        codes = Counter(entry.code for entry in getattr(pack, kind))
        yield from (f"{kind} name {code} twice" for code, times in codes.items() if times > 1)
    yield from _weights(pack)
    for indicator in pack.indicators:
        yield from _bands(indicator)
    used = [rule.grade for rule in pack.grade_rules]
    used += [pack.veto_grade, *(grade for bar in pack.bars for grade in (*bar.after, bar.forbids))]
    yield from (f"unknown grade {grade}" for grade in sorted(set(used) - set(ranks)))
    if [rule.grade for rule in pack.grade_rules] != [grade.code for grade in pack.grades]:
        yield "grade rules do not follow the grades, best first"
    minima = [rule.score_min for rule in pack.grade_rules]
    if minima != sorted(minima, reverse=True) or (minima and minima[-1] != 0):
        yield "grade rules leave scores without a grade"
    if any(rule.bonus_items_min > len(pack.bonus_items) for rule in pack.grade_rules):
        yield "a grade asks for more bonus items than there are"
    if pack.effective_to is not None and pack.effective_to <= pack.effective_from:
        yield "the pack ends before it begins"


def _weights(pack: RulePack) -> Iterator[str]:
    sums: dict[str, Decimal] = {category.code: Decimal(0) for category in pack.categories}
    for indicator in pack.indicators:
        if indicator.category not in sums:
            yield f"indicator {indicator.code} has an unknown category"
        sums[indicator.category] = sums.get(indicator.category, Decimal(0)) + indicator.weight
    for category in pack.categories:
        if sums[category.code] != category.weight:
            yield f"category {category.code} says {category.weight}, its indicators sum to {sums[category.code]}"
    if sum(sums.values()) != WHOLE:
        yield f"the weights sum to {sum(sums.values())}"


def _bands(indicator: Indicator) -> Iterator[str]:
    bands = sorted(indicator.bands, key=lambda band: band.low)
    if not bands or bands[0].low != 0 or bands[-1].high != WHOLE:
        yield f"the bands of {indicator.code} do not run from 0 to 100"
    for lower, upper in itertools.pairwise(bands):
        if lower.high >= upper.low:
            yield f"bands of {indicator.code} overlap at {upper.low}"


def unconfirmed(pack: RulePack) -> tuple[str, ...]:
    """What no source confirms, as `kind:code` in the order of the pack."""
    found = [f"grade_rule:{rule.grade}" for rule in pack.grade_rules if not rule.confirmed]
    for kind in ("indicators", "bonus_items", "vetoes"):
        found += [f"{kind}:{entry.code}" for entry in getattr(pack, kind) if not entry.confirmed]
    flags = {
        "not_applicable": pack.not_applicable_confirmed,
        "days:recheck": pack.days.recheck_confirmed,
        "days:repair": pack.days.repair_confirmed,
    }
    return (*found, *(name for name, confirmed in flags.items() if not confirmed))


def fingerprint(pack: RulePack) -> str:
    """SHA-256 of the canonical JSON: stored with every rating, so that a changed pack is noticed."""
    return hashlib.sha256(msgspec.json.encode(pack, order="deterministic")).hexdigest()


@cache
def load(pack_id: str) -> RulePack:
    """The shipped pack called `pack_id`; raises KeyError when there is none."""
    path = FOLDER / f"{pack_id}.json"
    if not pack_id.replace("-", "").isalnum() or not path.is_file():
        raise KeyError(pack_id)
    return parse(path.read_bytes())


def shipped() -> tuple[str, ...]:
    """The ids of all packs."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))
