"""From a submitted report to a case at the platform: the file, its round, and the messages that must reach the peer.

A message is a send job of kind `forward` that holds ids only; its body is built when it is sent, so links in it are
fresh. Messages of one case go strictly one after another.
"""

from datetime import datetime
from uuid import UUID

from domain.cases.events import CaseAccepted
from domain.cases.people import case_of_report, reports_of_case
from domain.kernel import audit, database, leases, outbox
from domain.kernel.errors import Text
from domain.kernel.ids import new_id
from domain.reports import timeline
from domain.reports.categories import CATEGORIES
from domain.reports.events import ReportSubmitted, ReportWithdrawn

KIND = "forward"
OPEN = """
with r as (
  select id, category, channel, town from report where id = $1
  and not exists (select 1 from case_report where report = $1 and left_at is null)),
f as (
  insert into case_file (id, category, channel, town, unit, needs_post_inspection, opened_at, round, stage, stage_since,
    closed, provisional, look_at)
  select $2, category, channel, town, $3, $4, $5, 1, 'accepted', $5, false, false, $5 from r),
o as (
  insert into case_round (id, "case", number, reason, opened_at, provisional)
  select $6, $2, 1, 'report', $5, false from r),
l as (
  insert into case_report (id, "case", report, joined_at, joined_by) select $7, $2, id, $5, 'first' from r)
select count(*) from r
"""


async def queue_forward(event: ReportSubmitted, /, *, event_id: int, at: datetime) -> None:
    """Opens a case for a new report and queues its hand-over."""
    category = CATEGORIES[event.category]
    case_id, round_id = new_id(), new_id()
    opened = await database.fetch_value(
        OPEN, event.report_id, case_id, category.unit, category.post_inspection, at, round_id, new_id()
    )
    if opened:
        await queue_message("opened", case_id=case_id, round_=1, now=at, job_id=round_id)


async def queue_message(
    message: str, *, case_id: UUID, round_: int, now: datetime, about: UUID | None = None, job_id: UUID | None = None
) -> UUID:
    """One more message to the platform about a case. `about` names a question, warning or report; returns the job."""
    return await leases.queue(
        kind=KIND,
        subject=f"case:{case_id}",
        payload={"message": message, "case": case_id, "round": round_, "about": about},
        now=now,
        in_order_of=f"case:{case_id}",
        job_id=job_id,
    )


async def record_acceptance(
    case_id: UUID, *, round_: int, platform_case: str | None, at: datetime, now: datetime
) -> bool:
    """The platform has the round, in the caller's transaction; only the first time counts and is told."""
    # The case before its round, as everybody locks them: an update may arrive while the acceptance is recorded.
    await database.execute("select 1 from case_file where id = $1 for update", case_id)
    first = await database.fetch_value(
        "with before as (select id, accepted_at is null as first from case_round"
        '   where "case" = $1 and number = $2 for update)'
        " update case_round r set accepted_at = coalesce(r.accepted_at, $4),"
        "   platform_case = coalesce(r.platform_case, $3) from before where r.id = before.id returning before.first",
        case_id,
        round_,
        platform_case,
        at,
    )
    if not first:
        return False
    await database.execute(
        "update case_file set heard_at = greatest(heard_at, $2), look_at = $2 where id = $1 and round = $3",
        case_id,
        now,
        round_,
    )
    await outbox.record(CaseAccepted(case_id=case_id, round=round_), at=now)
    note = Text("案件平台已受理", "The case platform has accepted it")
    await timeline.append(
        await reports_of_case(case_id), kind="accepted", note=note, at=at, status="accepted", detail={"round": round_}
    )
    await audit.append(
        actor="platform", action="case.accept", subject=f"case:{case_id}", at=now, detail={"round": round_}
    )
    return True


async def withdraw_case(event: ReportWithdrawn, /, *, event_id: int, at: datetime) -> None:
    """Takes the report out of its case; when nobody else is in it, the platform is told to stop."""
    case_id = await case_of_report(event.report_id)
    if case_id is None:
        return
    await database.execute(
        "update case_report set left_at = $2, left_by = 'reporter' where report = $1 and left_at is null",
        event.report_id,
        at,
    )
    if await reports_of_case(case_id):
        return
    round_ = await database.fetch_value(
        "update case_file set withdrawn_at = $2, look_at = null where id = $1 returning round", case_id, at
    )
    await queue_message("withdrawn", case_id=case_id, round_=round_, now=at)
