"""The minute's look at the clocks: fires the lights that turned, notes due times for lists and rates.

Many cases at once, in a fixed number of statements, without locking them: a case that moved meanwhile keeps its newer
`look_at` and is looked at again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.cases import limits, warnings
from domain.cases.clocks import Clock, Limit, Node
from domain.cases.lights import Light, light_of, next_change
from domain.cases.limits import Seen
from domain.cases.people import reports_of_cases
from domain.kernel import calendar, database
from domain.kernel.calendar import Calendar
from domain.kernel.events import Ticked
from domain.reports import publication

LOOKS_MAX = 2_000  # cases per minute; the rest wait for the next minute
DUE = "select id from case_file where look_at <= $1 and withdrawn_at is null order by look_at limit $2"
NOTE = """
update case_file f set look_at = n.next, due_at = n.due, light = n.light
from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::text[])
  as n(id, seen, next, due, light)
where f.id = n.id and f.look_at is not distinct from n.seen
"""
NOTE_ROUNDS = """
update case_round r set finish_due_at = n.finish, sign_due_at = n.sign
from unnest($1::uuid[], $2::smallint[], $3::timestamptz[], $4::timestamptz[]) as n("case", number, finish, sign)
where r."case" = n."case" and r.number = n.number
  and (r.finish_due_at, r.sign_due_at) is distinct from (n.finish, n.sign)
"""


async def look(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Each minute: looks at every case whose time has come."""
    if event.every != "minute":
        return
    due = [row["id"] for row in await database.fetch(DUE, event.at, LOOKS_MAX)]
    if due:
        await look_at(due, rules=await limits.load(), days=await calendar.load(), now=event.at)


async def look_at(case_ids: Sequence[UUID], *, rules: Sequence[Limit], days: Calendar, now: datetime) -> None:
    """Fires what turned in these cases and notes what follows, in the caller's transaction."""
    seen = await limits.read(case_ids, limits=rules, calendar=days, now=now)
    for case in seen:
        for clock in case.clocks:
            if clock.ended_at is None and (light := light_of(clock, now=now)) is not Light.GREEN:
                await warnings.fire(case.case_id, clock, light=light, now=now)
    await _note(seen, now=now)


async def _note(seen: Sequence[Seen], *, now: datetime) -> None:
    if not seen:
        return
    rows = [(case.case_id, case.look_at, *_next(case, now=now)) for case in seen]
    await database.execute(NOTE, *(list(column) for column in zip(*rows, strict=True)))
    rounds = [row for case in seen if (row := _round_row(case)) is not None]
    if rounds:
        await database.execute(NOTE_ROUNDS, *(list(column) for column in zip(*rounds, strict=True)))
    await _expect([case for case in seen if _finish(case) is not None])


def _next(case: Seen, *, now: datetime) -> tuple[datetime | None, datetime | None, str | None]:
    """When to look again, the soonest red moment, and the worst light now."""
    running = [clock for clock in case.clocks if clock.ended_at is None]
    lights = {light_of(clock, now=now) for clock in running}
    worst = next((light for light in (Light.RED, Light.AMBER, Light.GREEN) if light in lights), None)
    moments = [moment for moment in (next_change(running, now=now), case.answer_by) if moment is not None]
    dues = [clock.due_at for clock in running if clock.resting is None]
    return min(moments, default=None), min(dues, default=None), worst


def _finish(case: Seen) -> Clock | None:
    return next((clock for clock in case.clocks if clock.node is Node.FINISH), None)


def _round_row(case: Seen) -> tuple[Any, ...] | None:
    finish = _finish(case)
    sign = next((clock.due_at for clock in case.clocks if clock.node is Node.SIGN), None)
    return (case.case_id, finish.round, finish.due_at, sign) if finish else None


async def _expect(seen: Sequence[Seen]) -> None:
    """The public form says until when; only cases whose moment moved are touched."""
    moved = {
        case.case_id: finish.due_at
        for case in seen
        if (finish := _finish(case)) and finish.ended_at is None and finish.due_at != case.finish_due_at
    }
    if not moved:
        return
    for case_id, reports in (await reports_of_cases(list(moved))).items():
        await publication.expect(reports, by=moved[case_id])
