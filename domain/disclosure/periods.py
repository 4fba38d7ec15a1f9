"""How long a penalty may be shown, as data with effective dates (NDRC credit-repair rule in force since 2026-04-01).

Periods begin on the day of the decision. After the shortest one the party may ask for repair, after the longest one the
entry stops by itself: the public query leaves it out from that day on.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import msgspec

from domain.kernel.errors import Text

CLASSES: Mapping[str, Text] = {
    "minor": Text("轻微", "minor"),
    "general": Text("一般", "general"),
    "serious": Text("严重", "serious"),
}
PUBLISHED_WITHIN_WORKING_DAYS = 7  # of the decision; confirmed for Zhejiang, from memory for the national measures
WITHDRAWN_WITHIN_WORKING_DAYS = 3  # Administrative Penalty Law 2021, article 48
MONTHS_PER_YEAR = 12


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Months from the decision; `longest` 0 means never shown."""

    shortest: int
    longest: int


class PeriodRule(msgspec.Struct, frozen=True, kw_only=True):
    """The periods of all classes for decisions from a day on."""

    effective_from: date
    basis: Text
    confirmed: bool
    periods: Mapping[str, Period]


RULES: tuple[PeriodRule, ...] = (  # newest first
    PeriodRule(
        effective_from=date(2026, 4, 1),
        basis=Text("《信用修复管理办法》（2026年4月1日起施行）", "Credit Repair Measures, in force since 1 April 2026"),
        confirmed=True,
        periods={
            "minor": Period(shortest=0, longest=0),
            "general": Period(shortest=3, longest=12),
            "serious": Period(shortest=12, longest=36),
        },
    ),
    PeriodRule(
        effective_from=date(1, 1, 1),
        basis=Text("2026年4月1日前的决定，比照现行期限", "Decisions before 1 April 2026: today's periods by analogy"),
        confirmed=False,
        periods={
            "minor": Period(shortest=0, longest=0),
            "general": Period(shortest=3, longest=12),
            "serious": Period(shortest=12, longest=36),
        },
    ),
)


@lru_cache(maxsize=4_096)
def rule_for(decided_on: date) -> PeriodRule:
    """The rule for a decision of that day."""
    return next(rule for rule in RULES if rule.effective_from <= decided_on)


def months_later(day: date, months: int) -> date:
    """The same day `months` later; the last day of a shorter month instead of one that does not exist."""
    month = day.month - 1 + months
    year, month = day.year + month // MONTHS_PER_YEAR, month % MONTHS_PER_YEAR + 1
    for number in (day.day, 30, 29, 28):
        try:
            return date(year, month, number)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


@lru_cache(maxsize=4_096)  # a file has thousands of decisions of the same days
def window(decided_on: date, *, penalty_class: str) -> tuple[date, date] | None:
    """(repair possible from, no longer shown from); None when the class is never shown."""
    period = rule_for(decided_on).periods[penalty_class]
    if period.longest == 0:
        return None
    return months_later(decided_on, period.shortest), months_later(decided_on, period.longest)
