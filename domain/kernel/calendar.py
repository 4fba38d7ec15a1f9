"""The Chinese working calendar: which days count, and which of them we only assume.

Order of truth: our own override table (State Council notices as an operator enters them), then the `chinesecalendar`
package (years it knows), then Monday to Friday, flagged provisional. Never a crash, never a silent guess.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

import chinese_calendar

from domain.kernel import database
from domain.kernel.clock import DISTRICT_ZONE

SATURDAY = 5
ONE_DAY = timedelta(days=1)


class DayKind(NamedTuple):
    """Whether a day is worked, and whether that is only the Monday-to-Friday assumption."""

    works: bool
    provisional: bool


class DueDay(NamedTuple):
    """A day found by counting; provisional when any day counted on the way was."""

    day: date
    provisional: bool


@lru_cache(maxsize=20_000)
def published(day: date) -> DayKind:
    """What the package knows about a day, else the weekday rule."""
    try:
        return DayKind(works=bool(chinese_calendar.is_workday(day)), provisional=False)
    except NotImplementedError:
        return DayKind(works=day.weekday() < SATURDAY, provisional=True)


class Calendar:
    """Counts days. `overrides` maps a day to whether it is worked and beats everything else."""

    def __init__(self, overrides: Mapping[date, bool] | None = None) -> None:
        """An empty mapping means: the package and the weekday rule only."""
        self._overrides = overrides or {}

    def kind(self, day: date) -> DayKind:
        """How this day counts."""
        if day in self._overrides:
            return DayKind(works=self._overrides[day], provisional=False)
        return published(day)

    def working_days_after(self, start: date) -> Iterator[DueDay]:
        """The working days after `start`, which is not counted, each with what was assumed on the way."""
        day, assumed = start, False
        while True:
            day += ONE_DAY
            kind = self.kind(day)
            assumed = assumed or kind.provisional
            if kind.works:
                yield DueDay(day, assumed)

    def add_working_days(self, start: date, days: int) -> DueDay:
        """The `days`-th working day after `start`; `days` must be at least 1."""
        if days < 1:
            raise ValueError("count at least one working day")
        for count, due in enumerate(self.working_days_after(start), start=1):
            if count == days:
                return due
        raise AssertionError("unreachable: there is always another working day")

    def add_natural_days(self, start: date, days: int) -> DueDay:
        """`days` natural days after `start` (not counted); a last day of rest moves to the next working day."""
        last = start + timedelta(days=days)
        kind = self.kind(last)
        return DueDay(last, kind.provisional) if kind.works else self.add_working_days(last, 1)

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; 0 when `end` is not later."""
        return sum(self.kind(start + timedelta(days=n)).works for n in range(1, (end - start).days + 1))


def end_of(day: date) -> datetime:
    """The moment a district day is over: midnight after it, Asia/Shanghai."""
    return datetime.combine(day + ONE_DAY, time(), tzinfo=DISTRICT_ZONE)


async def load() -> Calendar:
    """The calendar with the overrides stored now."""
    rows = await database.fetch("select day, works from calendar_override")
    return Calendar({row["day"]: row["works"] for row in rows})


async def override(day: date, *, works: bool, source: str, now: datetime) -> None:
    """States how a day counts; `source` names the notice. Clocks are computed, so they move by themselves."""
    await database.execute(
        "insert into calendar_override (day, works, source, entered_at) values ($1, $2, $3, $4) on conflict (day)"
        " do update set works = excluded.works, source = excluded.source, entered_at = excluded.entered_at",
        day,
        works,
        source,
        now,
    )
