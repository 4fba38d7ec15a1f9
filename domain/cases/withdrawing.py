"""Taking a report back while its case is only waiting at the platform: the stage decides, under the case's lock."""

from datetime import datetime
from uuid import UUID

from domain.cases import forwarding
from domain.cases.stages import Stage
from domain.kernel import database
from domain.reports import withdrawal
from domain.reports.withdrawal import TooLateToWithdraw

NOBODY_SET_OUT = (Stage.ACCEPTED, Stage.SIGNED)
CASE = """
select f.round, f.closed, exists (
  select 1 from case_update u where u."case" = f.id and u.stage is not null and u.stage <> all($2::text[])) as moved
from case_report l join case_file f on f.id = l."case" where l.report = $1 and l.left_at is null for update of f
"""


async def withdraw(report_id: UUID, *, account_id: UUID | None, now: datetime) -> None:
    """The reporter takes it back, in the caller's transaction; `account_id` is None when a receipt code was shown.

    Raises `NotFound` for somebody else's report, `TooLateToWithdraw` once anybody was dispatched in any round of the
    case, whoever's report came first. The report leaves its case at once, so no later update reaches it.
    """
    if account_id is not None:
        await withdrawal.require_own(report_id, account_id=account_id)
    case = await database.fetch_row(CASE, report_id, list(NOBODY_SET_OUT))
    if case is not None and (case["moved"] or case["closed"] or case["round"] > 1):
        raise TooLateToWithdraw
    await withdrawal.withdraw(report_id, now=now)
    await forwarding.leave(report_id, now=now)
