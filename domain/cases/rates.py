"""响应率 解决率 满意率 按期办结率: one query, published definitions, drill-down to pseudonymous cases.

The unit of counting is the round that was handed over in the period. Nothing leaves the denominators of the resolved
and on-time rates by its outcome, so "unsubstantiated", "not ours" and "duplicate" can never raise them.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.calendar import end_of
from domain.kernel.clock import DISTRICT_ZONE

SAMPLE_MIN = 5  # below it a rate is not shown, only the counts
GROUPS = {"unit": "f.unit", "town": "f.town", "category": "split_part(f.category, '.', 1)", "all": "'all'"}


class Definition(msgspec.Struct, frozen=True):
    """What a number means."""

    code: str
    zh: str
    en: str
    formula: str


DEFINITIONS = (
    Definition(
        "response", "响应率", "response rate", "signed for within the limit of signing ÷ all rounds handed over"
    ),
    Definition(
        "resolved",
        "解决率",
        "resolved rate",
        "closed as solved, not provisional, and not answered “not solved” by any reporter ÷ all rounds handed over."
        " Every outcome stays in the denominator",
    ),
    Definition("satisfied", "满意率", "satisfaction rate", "answers “satisfied” ÷ answers given"),
    Definition(
        "on_time",
        "按期办结率",
        "on-time rate",
        "closed at or before the computed due moment ÷ rounds that are closed or past their due moment",
    ),
)


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a scorecard. A rate is None when its sample is below `SAMPLE_MIN`."""

    group: str
    rounds: int
    responded: int
    closed: int
    resolved: int
    due: int
    on_time: int
    answers: int
    satisfied: int
    response_rate: float | None
    resolved_rate: float | None
    satisfaction_rate: float | None
    on_time_rate: float | None
    median_hours_to_sign: float | None
    median_hours_to_close: float | None


class CountedRound(msgspec.Struct, frozen=True, kw_only=True):
    """One counted round in a drill-down: the case by its id, never a reporter."""

    case_id: UUID
    round: int
    unit: str
    town: str
    category: str
    opened_at: datetime
    signed_at: datetime | None
    closed_at: datetime | None
    due_at: datetime | None
    outcome: str | None
    responded: bool
    resolved: bool
    on_time: bool
    disputed: bool


COUNTED = """
counted as (
  select f.id as case_id, r.number as round, f.unit, f.town, f.category, r.opened_at, r.signed_at, r.closed_at,
    r.finish_due_at as due_at, r.outcome, {group} as grp,
    coalesce(r.signed_at <= r.sign_due_at, false) as responded,
    coalesce(r.outcome = 'solved' and not r.provisional and a.disputed is not true, false) as resolved,
    coalesce(r.closed_at <= r.finish_due_at, false) as on_time,
    coalesce(r.closed_at is not null or r.finish_due_at <= $3, false) as due,
    coalesce(a.disputed, false) as disputed, coalesce(a.answers, 0) as answers, coalesce(a.satisfied, 0) as satisfied
  from case_round r join case_file f on f.id = r."case"
  left join lateral (
    select count(*) as answers, count(*) filter (where satisfied) as satisfied, bool_or(not solved) as disputed
    from case_rating g where g."case" = r."case" and g.round = r.number) a on true
  where r.opened_at >= $1 and r.opened_at < $2 and f.withdrawn_at is null)
"""
SUMS = """
select grp, count(*) as rounds, count(*) filter (where responded) as responded,
  count(*) filter (where closed_at is not null) as closed, count(*) filter (where resolved) as resolved,
  count(*) filter (where due) as due, count(*) filter (where on_time) as on_time,
  sum(answers)::bigint as answers, sum(satisfied)::bigint as satisfied,
  extract(epoch from percentile_cont(0.5) within group (order by signed_at - opened_at)) / 3600 as to_sign,
  extract(epoch from percentile_cont(0.5) within group (order by closed_at - opened_at)) / 3600 as to_close
from counted group by grp order by grp
"""
STATEMENTS = {name: f"with {COUNTED.format(group=column)} {SUMS}" for name, column in GROUPS.items()}
DRILL = {
    name: f"with {COUNTED.format(group=column)} select * from counted where ($4::text is null or grp = $4)"
    " and ($5::timestamptz is null or (opened_at, case_id) > ($5, $6::uuid)) order by opened_at, case_id limit $7"
    for name, column in GROUPS.items()
}


def bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """The district days `first` to `last` as moments, the end exclusive."""
    return datetime(first.year, first.month, first.day, tzinfo=DISTRICT_ZONE), end_of(last)


async def rates(*, by: str, first: date, last: date, now: datetime) -> list[Rates]:
    """One line for each value of `by` (a key of `GROUPS`), over the rounds handed over in these days."""
    return [_line(row) for row in await database.fetch(STATEMENTS[by], *bounds(first, last), now)]


def _line(row: Any) -> Rates:
    return Rates(
        group=row["grp"],
        rounds=row["rounds"],
        responded=row["responded"],
        closed=row["closed"],
        resolved=row["resolved"],
        due=row["due"],
        on_time=row["on_time"],
        answers=row["answers"],
        satisfied=row["satisfied"],
        response_rate=_share(row["responded"], row["rounds"]),
        resolved_rate=_share(row["resolved"], row["rounds"]),
        satisfaction_rate=_share(row["satisfied"], row["answers"]),
        on_time_rate=_share(row["on_time"], row["due"]),
        median_hours_to_sign=_hours(row["to_sign"], row["rounds"]),
        median_hours_to_close=_hours(row["to_close"], row["closed"]),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole >= SAMPLE_MIN else None


def _hours(value: Any, sample: int) -> float | None:
    return round(float(value), 2) if value is not None and sample >= SAMPLE_MIN else None


async def drill(
    *,
    by: str,
    group: str | None,
    first: date,
    last: date,
    after: tuple[datetime, UUID] | None,
    limit: int,
    now: datetime,
) -> list[Any]:
    """Rows of `CountedRound` behind a line."""
    at, case_id = after or (None, None)
    return await database.fetch(DRILL[by], *bounds(first, last), now, group, at, case_id, limit)


def counted_round(row: Any) -> CountedRound:
    """One row of `drill` for the wire."""
    return CountedRound(**{name: row[name] for name in CountedRound.__struct_fields__})
