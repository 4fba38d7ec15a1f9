"""A person's own data: taking a copy with them, and closing the account.

Closing deletes phone, openid, follows and alerts, ends every session, and breaks the seal between the person and every
report that has ended. Reports still being handled keep their sealed reporter until they end, because the law asks for
an answer to the reporter; `settle` breaks those seals day by day.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.kernel import audit, database, outbox
from domain.kernel.events import Ticked
from domain.reports import follows, mine
from domain.reports.follows import AreaAlert
from domain.reports.mine import ReportView
from domain.reports.public_map import PublicReport
from domain.reports.reporters import owner_tag
from domain.reports.timeline import ENDED
from domain.residents import consents, phones, sessions
from domain.residents.consents import Consent
from domain.residents.events import AccountClosed

REPORTS_MAX = 1_000  # in one copy
SETTLED_PER_DAY_MAX = 5_000


class OwnData(msgspec.Struct, frozen=True, kw_only=True):
    """Everything this room and the residents' room hold about one person."""

    account: UUID
    created_at: datetime
    phone: str | None  # in full
    consents: list[Consent]
    reports: list[ReportView]
    follows: list[PublicReport]
    area_alerts: list[AreaAlert]


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """What closing has left: the numbers of reports that are still being handled."""

    kept_reports: list[str]


async def copy_of(account_id: UUID) -> OwnData:
    """The person's data for themselves."""
    rows = await mine.lines(account_id, limit=REPORTS_MAX, before=None)
    return OwnData(
        account=account_id,
        created_at=await database.fetch_value("select created_at from account where id = $1", account_id),
        phone=await phones.number_of(account_id),
        consents=await consents.in_force(account_id),
        reports=[await mine.one(account_id, report_id=row["id"]) for row in rows],
        follows=await follows.followed(account_id),
        area_alerts=await follows.alerts(account_id),
    )


FORGET = (
    "delete from resident_phone where account = $1",
    "delete from wechat_identity where account = $1",
    "delete from sms_code where account = $1",
    "delete from area_alert where account = $1",
    "delete from report_follow where account = $1",
)
BREAK = """
delete from sealed_reporter s where owner_tag = $1 and
  (select status from report_timeline where report = s.report and status is not null order by id desc limit 1)
  = any($2::text[])
"""
KEPT = "select r.number from sealed_reporter s join report r on r.id = s.report where s.owner_tag = $1 order by 1"


async def close(account_id: UUID, *, now: datetime) -> Closed:
    """Closes the account, in the caller's transaction. Signing in again makes a new, empty one."""
    await database.execute("update account set status = 'closed' where id = $1", account_id)
    await sessions.end_all(account_id, reason="closed", now=now)
    for statement in FORGET:
        await database.execute(statement, account_id)
    await database.execute(BREAK, owner_tag(account_id), list(ENDED))
    await outbox.record(AccountClosed(account_id=account_id), at=now)
    await audit.append(actor="resident", action="account.close", subject="account", at=now)
    return Closed(kept_reports=[row["number"] for row in await database.fetch(KEPT, owner_tag(account_id))])


async def settle(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Daily: breaks the seals of closed accounts whose reports have ended since."""
    if event.every != "day":
        return
    rows = await database.fetch(
        "select id from account where status = 'closed' order by id desc limit $1", SETTLED_PER_DAY_MAX
    )
    for row in rows:
        await database.execute(BREAK, owner_tag(row["id"]), list(ENDED))
