"""How long each node may take: limits as data, due moments computed, never stored.

A clock starts with an event, stops with an event, rests while the case is suspended or a question waits for the
resident, and is lengthened by an approved extension. Pure: the calendar and the present are arguments, so a corrected
calendar moves every clock by itself. "N days" are counted from the next district day and end with that day; a
natural-day limit that ends on a day of rest moves to the next working day.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from domain.cases.stages import Stage, Step, place
from domain.kernel.calendar import Calendar, end_of
from domain.kernel.clock import local_day

AMBER_SHARE = 0.7  # of the limit
TEN = 10
DAY = timedelta(days=1)


class Node(StrEnum):
    """A stretch of the way that has its own limit."""

    ACCEPT = "accept"
    SIGN = "sign"
    DISPATCH = "dispatch"
    INSPECT = "inspect"
    RECTIFY = "rectify"
    PENALISE = "penalise"
    POST_INSPECT = "post_inspect"
    FINISH = "finish"
    SILENCE = "silence"  # no sign of life from the platform


class Unit(StrEnum):
    """What a limit counts."""

    HOURS = "hours"
    WORKING_DAYS = "working_days"
    NATURAL_DAYS = "natural_days"


class Span(msgspec.Struct, frozen=True):
    """Which stages start a node's clock and which stop it."""

    starts: frozenset[Stage]
    stops: frozenset[Stage]


ENDED = frozenset({Stage.CLOSED, Stage.REFUSED})
_S = Stage
SPANS: Mapping[Node, Span] = {
    Node.SIGN: Span(frozenset({_S.ACCEPTED}), ENDED | {_S.SIGNED}),
    Node.DISPATCH: Span(frozenset({_S.SIGNED, _S.RETURNED}), ENDED | {_S.DISPATCHED}),
    Node.INSPECT: Span(frozenset({_S.DISPATCHED}), ENDED | {_S.INSPECTED, _S.RETURNED}),
    Node.RECTIFY: Span(frozenset({_S.RECTIFYING}), ENDED | {_S.POST_INSPECTED, _S.FILED}),
    Node.PENALISE: Span(frozenset({_S.FILED}), ENDED | {_S.PENALISED}),
    Node.POST_INSPECT: Span(frozenset({_S.CLOSED}), frozenset({_S.POST_INSPECTED, _S.REOPENED})),
    Node.FINISH: Span(frozenset({_S.ACCEPTED}), ENDED),
}  # ACCEPT (hand-over to acceptance) and SILENCE (since the last sign of life) are not made of stages


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `clock_limit`. An empty region, channel, category or class means any; `category` is a prefix."""

    id: str
    node: Node
    amount: int
    unit: Unit
    region: str = ""
    channel: str = ""
    category: str = ""
    clock_class: str = ""
    valid_from: date
    valid_until: date | None = None
    source: str = ""
    certainty: str = "P"  # C confirmed, U unverified, P our policy


class Pause(msgspec.Struct, frozen=True):
    """The clock rests in between; `end` is None while it still does."""

    start: datetime
    end: datetime | None
    reason: str


class Extension(msgspec.Struct, frozen=True):
    """An approved extension of one node, in the unit of its limit."""

    node: Node
    amount: int


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """A computed clock. While it rests, `amber_at` and `due_at` do not count the open rest.

    `provisional`: the calendar had to assume days.
    """

    node: Node
    round: int
    limit: Limit
    started_at: datetime
    ended_at: datetime | None
    amber_at: datetime
    due_at: datetime
    provisional: bool
    resting: Pause | None = None


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """What decides which limits a case has."""

    region: str
    channel: str
    category: str
    clock_class: str


def limit_for(limits: Iterable[Limit], node: Node, *, on: date, matter: Matter) -> Limit | None:
    """The most specific limit in force on a day: category, class, channel, region, then the newest."""
    fits = [
        limit
        for limit in limits
        if limit.node is node
        and limit.valid_from <= on
        and (limit.valid_until is None or on <= limit.valid_until)
        and limit.region in {"", matter.region}
        and limit.channel in {"", matter.channel}
        and limit.clock_class in {"", matter.clock_class}
        and matter.category.startswith(limit.category)
    ]
    return max(fits, key=_specificity, default=None)


def _specificity(limit: Limit) -> tuple[int, bool, bool, bool, date]:
    return len(limit.category), limit.clock_class != "", limit.channel != "", limit.region != "", limit.valid_from


def spans(steps: Iterable[Step], *, accepted_at: datetime, round_: int) -> list[tuple[Node, datetime, datetime | None]]:
    """Every node's stretches in one round, in order: started, and ended or None."""
    history = [(Stage.ACCEPTED, accepted_at)]
    history += [(s.stage, s.at) for s in sorted(steps, key=place) if s.stage is not None and s.round == round_]
    found: list[tuple[Node, datetime, datetime | None]] = []
    for node, span in SPANS.items():
        started: datetime | None = None
        for stage, at in history:
            if started is not None and stage in span.stops:
                found.append((node, started, at))
                started = None
            elif started is None and stage in span.starts:
                started = at
        if started is not None:
            found.append((node, started, None))
    return sorted(found, key=lambda stretch: (stretch[1], stretch[0]))


def pauses_of(steps: Iterable[Step], *, round_: int) -> list[Pause]:
    """The rests that suspensions make; questions add theirs."""
    staged = [s for s in sorted(steps, key=place) if s.stage is not None and s.round == round_]
    return [
        Pause(step.at, after.at if after else None, "suspended")
        for step, after in zip(staged, [*staged[1:], None], strict=False)
        if step.stage is Stage.SUSPENDED
    ]


def run(
    node: Node,
    *,
    limit: Limit,
    started_at: datetime,
    ended_at: datetime | None,
    round_: int,
    calendar: Calendar,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
) -> Clock:
    """The clock of one stretch."""
    resting = next((p for p in pauses if p.end is None), None)
    amount = limit.amount + sum(e.amount for e in extensions if e.node is node)
    rests = [p for p in merged(pauses) if p.end is not None and p.end > started_at]
    amber, due, assumed = _moments(amount, limit.unit, started_at=started_at, rests=rests, calendar=calendar)
    return Clock(
        node=node,
        round=round_,
        limit=limit,
        started_at=started_at,
        ended_at=ended_at,
        amber_at=amber,
        due_at=due,
        provisional=assumed,
        resting=resting if ended_at is None else None,
    )


def merged(pauses: Iterable[Pause]) -> list[Pause]:
    """Overlapping ended pauses as one, so that no minute rests twice."""
    done: list[Pause] = []
    for pause in sorted((p for p in pauses if p.end is not None), key=lambda p: p.start):
        last = done[-1] if done else None
        if last is not None and last.end is not None and pause.end is not None and pause.start <= last.end:
            done[-1] = Pause(last.start, max(last.end, pause.end), last.reason)
        else:
            done.append(pause)
    return done


def _moments(
    amount: int, unit: Unit, *, started_at: datetime, rests: Sequence[Pause], calendar: Calendar
) -> tuple[datetime, datetime, bool]:
    """Amber and red moments, and whether the calendar assumed days."""
    if unit is Unit.HOURS:
        length = timedelta(hours=amount)
        return (
            _over_rests(started_at, length * AMBER_SHARE, rests),
            _over_rests(started_at, length, rests),
            False,
        )
    first = local_day(started_at)
    rested = _rested_days(rests, started_at=started_at, unit=unit, calendar=calendar)
    if unit is Unit.WORKING_DAYS:
        due = calendar.add_working_days(first, amount + rested)
    else:
        due = calendar.add_natural_days(first, amount + rested)
    whole, tenths = divmod(amount * 7, TEN)
    return _amber(first, whole + rested, tenths, unit=unit, calendar=calendar), end_of(due.day), due.provisional


def _amber(first: date, whole: int, tenths: int, *, unit: Unit, calendar: Calendar) -> datetime:
    """The moment `whole` counted days and `tenths` of the next one have passed."""

    def counted(days: int) -> date:
        if unit is Unit.NATURAL_DAYS or days == 0:
            return first + days * DAY
        return calendar.add_working_days(first, days).day

    if tenths == 0:
        return end_of(counted(whole))
    return end_of(counted(whole + 1)) - DAY + DAY * tenths / TEN


def _rested_days(rests: Sequence[Pause], *, started_at: datetime, unit: Unit, calendar: Calendar) -> int:
    days = 0
    for rest in rests:
        start, end = local_day(max(rest.start, started_at)), local_day(rest.end or rest.start)
        days += calendar.working_days_between(start, end) if unit is Unit.WORKING_DAYS else (end - start).days
    return days


def _over_rests(start: datetime, length: timedelta, rests: Sequence[Pause]) -> datetime:
    """`length` after `start`, with the rests left out."""
    end = start + length
    for rest in rests:
        if rest.end is not None and rest.start < end:
            end += rest.end - max(rest.start, start)
    return end
