"""A merchant's clearing account: what residents spend there enters it, and each finished day is settled to zero.

Orders credit the account and refunds debit it; after the day its net goes to the spent sink in one movement
(`settle/<day>`). A day that does not come to zero afterwards is a fault, which `green-whistle verify` names.
"""

from datetime import date, datetime
from uuid import UUID

from domain.kernel import database
from rewards import ledger
from rewards.ledger import Movement
from rewards.publishing import bounds

CLEARING = "clearing"

# What is in the account, less what belongs to later days. A settlement counts for the day it names.
NET = """
select a.id, a.owner, (a.balance
  - coalesce((select sum(amount) from ledger_transfer t where t.credit = a.id and t.credit >= 1000
              and t.posted_at >= $1 and (t.kind <> 'settle' or t.rule > $2)), 0)
  + coalesce((select sum(amount) from ledger_transfer t where t.debit = a.id and t.debit >= 1000
              and t.posted_at >= $1 and (t.kind <> 'settle' or t.rule > $2)), 0))::bigint as net
from reward_account a where a.kind = 'clearing' order by a.id for no key update of a
"""


async def account_of(merchant: UUID, *, now: datetime) -> int:
    """The merchant's clearing account."""
    return await ledger.account(owner=merchant, kind=CLEARING, unit="points", now=now)


def settle_key(merchant: UUID, day: date) -> UUID:
    """The key of a day's settlement."""
    return ledger.keyed("settle", merchant, day)


async def settle(day: date, *, now: datetime) -> int:
    """Brings every merchant's account to zero for what happened until the end of `day`; how many moved."""
    spent, moved = ledger.sink(ledger.SPENT, "points"), 0
    for row in await database.fetch(NET, bounds(day)[1], f"settle/{day}"):
        if row["net"] == 0:
            continue
        movement = Movement(
            key=settle_key(row["owner"], day),
            kind="settle",
            debit=row["id"] if row["net"] > 0 else spent,
            credit=spent if row["net"] > 0 else row["id"],
            amount=abs(row["net"]),
            occurred_at=now,
            rule=f"settle/{day}",
        )
        await ledger.post(movement, now=now)
        moved += 1
    return moved


REST = """
select coalesce(sum(case when t.credit = a.id then t.amount else -t.amount end), 0)::bigint
from reward_account a join ledger_transfer t on a.id in (t.debit, t.credit) and greatest(t.debit, t.credit) >= 1000
where a.owner = $1 and a.kind = 'clearing'
  and ((t.kind <> 'settle' and t.posted_at >= $2 and t.posted_at < $3) or (t.kind = 'settle' and t.rule = $4))
"""


async def rest_of(merchant: UUID, *, day: date) -> int:
    """What a day's movements leave in the account: zero once the day is settled."""
    start, end = bounds(day)
    rest: int = await database.fetch_value(REST, merchant, start, end, f"settle/{day}")
    return rest
