"""From a submitted report to a case at the platform: the file, its round, and the messages that must reach the peer.

A message is a send job of kind `forward` that holds ids only; its body is built when it is sent, so links in it are
fresh. Messages of one case go strictly one after another.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.cases.events import CaseAccepted
from domain.cases.people import case_of_report, reports_of_case, reports_of_cases
from domain.kernel import database, leases, outbox, trace
from domain.kernel.errors import Text
from domain.kernel.handling import Recorded, together
from domain.kernel.ids import new_id
from domain.kernel.leases import NewJob
from domain.reports import timeline
from domain.reports.categories import CATEGORIES
from domain.reports.events import ReportWithdrawn

KIND = "forward"
OPEN = """
with given as (
  select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bool[], $7::timestamptz[])
  with ordinality as g(report, file, round, link, unit, inspect, at, place)),
r as (
  select g.*, r.category, r.channel, r.town from given g join report r on r.id = g.report
  where not exists (select 1 from case_report l where l.report = g.report and l.left_at is null)
    and not exists (select 1 from report_timeline t where t.report = g.report and t.kind = 'withdrawn')),
f as (
  insert into case_file (id, category, channel, town, unit, needs_post_inspection, opened_at, round, stage, stage_since,
    closed, provisional, look_at)
  select file, category, channel, town, unit, inspect, at, 1, 'accepted', at, false, false, at from r),
o as (
  insert into case_round (id, "case", number, reason, opened_at, provisional)
  select round, file, 1, 'report', at, false from r),
l as (
  insert into case_report (id, "case", report, joined_at, joined_by) select link, file, report, at, 'first' from r)
select file, round from r order by place
"""


@together
async def queue_forward(batch: Sequence[Recorded]) -> None:
    """Opens a case for each new report and queues its hand-over."""
    rows = [_new_case(recorded) for recorded in batch]
    opened = {row["round"]: row["file"] for row in await database.fetch(OPEN, *map(list, zip(*rows, strict=True)))}
    await leases.queue_all(
        [
            _message("opened", case_id=opened[row[2]], round_=1, now=recorded.at, job_id=row[2], origin=recorded.origin)
            for row, recorded in zip(rows, batch, strict=True)
            if row[2] in opened
        ]
    )


def _new_case(recorded: Recorded) -> tuple[Any, ...]:
    event, category = recorded.event, CATEGORIES[recorded.event.category]
    return event.report_id, new_id(), new_id(), new_id(), category.unit, category.post_inspection, recorded.at


def _message(
    message: str,
    *,
    case_id: UUID,
    round_: int,
    now: datetime,
    about: UUID | None = None,
    job_id: UUID | None = None,
    origin: str | None = None,
) -> NewJob:
    return NewJob(
        kind=KIND,
        subject=f"case:{case_id}",
        payload={"message": message, "case": case_id, "round": round_, "about": about},
        in_order_of=f"case:{case_id}",
        job_id=job_id,
        due_at=now,
        origin=origin,
    )


async def queue_message(
    message: str, *, case_id: UUID, round_: int, now: datetime, about: UUID | None = None, job_id: UUID | None = None
) -> UUID:
    """One more message to the platform about a case. `about` names a question, warning or report; returns the job."""
    job_id = job_id or new_id()
    job = _message(message, case_id=case_id, round_=round_, now=now, about=about, job_id=job_id, origin=trace.origin())
    await leases.queue_all([job])
    return job_id


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """The platform took a round; `platform_case` is its own id of it, when it said so."""

    case_id: UUID
    round: int
    platform_case: str | None
    at: datetime
    origin: str | None = None


# The cases before their rounds and in id order, as everybody locks them: an update may arrive while the acceptance is
# recorded.
LOCK = "select 1 from case_file where id = any($1) order by id for update"
ACCEPT = """
with given as (select * from unnest($1::uuid[], $2::smallint[], $3::text[], $4::timestamptz[])
  as g("case", number, platform, at)),
before as (
  select r.id, g.*, r.accepted_at is null as first from case_round r join given g using ("case", number)
  for update of r),
taken as (
  update case_round r set accepted_at = coalesce(r.accepted_at, b.at),
    platform_case = coalesce(r.platform_case, b.platform) from before b where r.id = b.id),
files as (
  update case_file f set heard_at = greatest(f.heard_at, $5), look_at = $5 from before b
  where b.first and f.id = b."case" and f.round = b.number),
said as (
  insert into audit_entry (at, actor, action, subject, detail)
  select $5, 'platform', 'case.accept', 'case:' || "case", jsonb_build_object('round', number) from before where first)
select "case", number from before where first
"""


async def record_acceptances(accepted: Sequence[Acceptance], *, now: datetime) -> None:
    """The platform has the rounds, in the caller's transaction; only the first time counts and is told."""
    rows = {(one.case_id, one.round): one for one in accepted}
    await database.execute(LOCK, sorted({case_id for case_id, _ in rows}))
    found = await database.fetch(
        ACCEPT,
        [case_id for case_id, _ in rows],
        [round_ for _, round_ in rows],
        [one.platform_case for one in rows.values()],
        [one.at for one in rows.values()],
        now,
    )
    first = [rows[row["case"], row["number"]] for row in found]
    if not first:
        return
    events = [(CaseAccepted(case_id=one.case_id, round=one.round), now, one.origin) for one in first]
    await outbox.record_each(events)
    reports = await reports_of_cases([one.case_id for one in first])
    await timeline.append_all(
        [
            timeline.Line(
                report=report,
                kind="accepted",
                note=Text("案件平台已受理", "The case platform has accepted it"),
                at=one.at,
                status="accepted",
                detail={"round": one.round},
            )
            for one in first
            for report in reports.get(one.case_id, [])
        ]
    )


async def record_acceptance(
    case_id: UUID, *, round_: int, platform_case: str | None, at: datetime, now: datetime
) -> None:
    """One round, the same way."""
    one = Acceptance(case_id=case_id, round=round_, platform_case=platform_case, at=at, origin=trace.origin())
    await record_acceptances([one], now=now)


async def withdraw_case(event: ReportWithdrawn, /, *, event_id: int, at: datetime) -> None:
    """The same for a report whose case was opened while it was taken back."""
    await leave(event.report_id, now=at)


async def leave(report_id: UUID, *, now: datetime) -> None:
    """Takes the report out of its case; when nobody else is in it, the platform is told to stop."""
    case_id = await case_of_report(report_id)
    if case_id is None:
        return
    await database.execute(
        "update case_report set left_at = $2, left_by = 'reporter' where report = $1 and left_at is null",
        report_id,
        now,
    )
    if await reports_of_case(case_id):
        return
    round_ = await database.fetch_value(
        "update case_file set withdrawn_at = $2, look_at = null where id = $1 returning round", case_id, now
    )
    await queue_message("withdrawn", case_id=case_id, round_=round_, now=now)
