"""What green credit forgets when an account is closed, and what it keeps.

Points left are given up by a movement like any other, so the ledger stays whole and verifiable; carbon and service
minutes stay under an account number that leads to nobody any more. Score, board, teams, step days, links, places and
names go. Limits stay: they count under a key of the phone, so that a new account of the same person finds them again.
"""

from datetime import datetime
from uuid import UUID

from domain.kernel import database
from domain.residents.events import AccountClosed
from rewards import activities, awarding, goods, ledger, posting, score
from rewards.ledger import Movement

FORGET = (
    "delete from board_member where id = $1",
    "delete from team_member where account = $1",
    "delete from organiser where account = $1",
    "delete from step_day where account = $1",
    "delete from invitation_code where id = $1",
    "delete from invitation where $1 in (id, inviter) and claim is null",
    "update partner_link set ended_at = now() where account = $1 and ended_at is null",
    "update reward_claim set person = 'account:' || $1, detail = detail - 'start' - 'end' where account = $1",
    "update claim_appeal p set words = '' from reward_claim c where c.id = p.claim and c.account = $1",
    "update activity_signup set person = 'account:' || $1, device_key = null where account = $1",
    "update attendance t set device = 'closed' from activity_signup s where s.id = t.id and s.account = $1",
    "update hours_correction h set reason = '' from activity_signup s where s.id = h.attendance and s.account = $1",
    "update redemption_order set person = 'account:' || $1 where account = $1",
    "update reward_certificate set name_sealed = '' where account = $1",
)


async def forget_account(event: AccountClosed, /, *, event_id: int, at: datetime) -> None:
    """Everything above, once; certificates already given out stay checkable by number, with the masked name."""
    account = event.account_id
    for row in await database.fetch(
        "select id from reward_claim where account = $1 and state in ('received', 'held')", account
    ):
        if await awarding.open_claim(row["id"], states=("received", "held")):
            await posting.close(row["id"], "refused", "account-closed", by="closing", now=at)
    for row in await database.fetch(
        "select s.activity from activity_signup s join activity a on a.id = s.activity"
        " where s.account = $1 and s.state <> 'cancelled' and a.starts_at > $2 order by s.activity",
        account,
        at,
    ):
        await activities.cancel(row["activity"], account=account, now=at)
    for row in await database.fetch(
        "select id from redemption_order where account = $1 and state = 'held' order by id", account
    ):
        await goods.cancel(row["id"], account=account, now=at)
    await _give_up_points(account, now=at)
    await score.leave(account)
    for statement in FORGET:
        await database.execute(statement, account)


async def _give_up_points(account: UUID, *, now: datetime) -> None:
    purse = await ledger.account(owner=account, kind="resident", unit="points", now=now)
    left = await database.fetch_value("select balance - held from reward_account where id = $1 for update", purse)
    if left > 0:
        movement = Movement(
            key=ledger.keyed("forfeit", account),
            kind="forfeit",
            debit=purse,
            credit=ledger.sink(ledger.REVOKED, "points"),
            amount=left,
            occurred_at=now,
            rule="account-closed",
        )
        await ledger.post(movement, now=now)


async def still_open(accounts: set[UUID]) -> list[UUID]:
    """Those of the accounts that are not closed, in order."""
    rows = await database.fetch(
        "select id from account where id = any($1) and status <> 'closed' order by id", list(accounts)
    )
    return [row["id"] for row in rows]
