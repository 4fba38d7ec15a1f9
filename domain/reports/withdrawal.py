"""Taking a report back: possible until somebody is dispatched; the report itself stays as evidence."""

from datetime import datetime
from uuid import UUID

from domain.kernel import audit, database, outbox
from domain.kernel.errors import NotFound, Refusal, Text
from domain.reports import publication, reporters, timeline
from domain.reports.events import ReportWithdrawn


class TooLateToWithdraw(Refusal):
    """Somebody has been dispatched, or the report was withdrawn or closed before."""

    code = "too-late-to-withdraw"
    status = 409
    title = Text("已分派处理，不能撤回", "It has been dispatched and cannot be withdrawn")
    advice = Text(
        "如情况有变，请在补充说明或评价中说明。", "If things have changed, say so in an answer or your rating."
    )


async def require_own(report_id: UUID, *, account_id: UUID) -> None:
    """Raises `NotFound` unless this account sent the report."""
    if not await reporters.owns(account_id, report_id=report_id):
        raise NotFound


async def withdraw(report_id: UUID, *, now: datetime) -> None:
    """The reporter, who has been recognised, takes it back, in the caller's transaction; raises `TooLateToWithdraw`.

    Whether its case allows it is asked before, where cases are known: `domain.cases.withdrawing`.
    """
    await database.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"withdraw:{report_id}")
    ended = await database.fetch_value(
        "select true from report_timeline where report = $1 and status = any($2::text[]) limit 1",
        report_id,
        list(timeline.ENDED),
    )
    if ended:
        raise TooLateToWithdraw
    note = Text("您已撤回举报", "You withdrew the report")
    await timeline.append([report_id], kind="withdrawn", status="withdrawn", note=note, at=now)
    await publication.hide(report_id, now=now)
    await outbox.record(ReportWithdrawn(report_id=report_id), at=now)
    await audit.append(actor="reporter", action="report.withdraw", subject=f"report:{report_id}", at=now)
