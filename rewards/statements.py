"""Reading an owner's pots and movements, newest first, by cursor."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from domain.kernel import database
from rewards.ledger import UNIT_IDS, Unit

PAGE_MAX = 100


class Balance(msgspec.Struct, frozen=True):
    """One pot. `available` = balance − held; `debt` is what later earnings repay first."""

    unit: Unit
    balance: int
    held: int
    available: int
    debt: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One movement seen from the owner: `amount` is signed, `balance` is the balance after it."""

    transfer: int
    kind: str
    amount: int
    balance: int
    occurred_at: datetime
    posted_at: datetime
    rule: str | None
    evidence: UUID | None
    reverses: int | None


async def balances(owner: UUID) -> list[Balance]:
    """The resident's three pots; a pot without movements is zero."""
    rows = await database.fetch(
        "select a.unit, a.balance, a.held, coalesce(-d.balance, 0) as debt from reward_account a"
        " left join reward_account d on d.id = a.debt where a.owner = $1 and a.kind = 'resident'",
        owner,
    )
    found = {row["unit"]: row for row in rows}
    return [
        Balance(unit, row["balance"], row["held"], row["balance"] - row["held"], row["debt"])
        if (row := found.get(number))
        else Balance(unit, 0, 0, 0, 0)
        for unit, number in UNIT_IDS.items()
    ]


STATEMENT = """
with mine as (select id from reward_account where owner = $1 and kind = 'resident' and unit = $2)
select id, posted_at, occurred_at, kind, amount, balance, rule, evidence, reverses from (
  (select id, posted_at, occurred_at, kind, -amount as amount, debit_after as balance, rule, evidence, reverses
   from ledger_transfer where debit = (select id from mine) and debit >= 1000 and id < $3 order by id desc limit $4)
  union all
  (select id, posted_at, occurred_at, kind, amount, credit_after, rule, evidence, reverses
   from ledger_transfer where credit = (select id from mine) and credit >= 1000 and id < $3 order by id desc limit $4)
) both_sides order by id desc limit $4
"""


async def statement(owner: UUID, *, unit: Unit, before: int | None, limit: int) -> list[Line]:
    """Up to `limit` movements with ids below `before`, newest first."""
    rows = await database.fetch(STATEMENT, owner, UNIT_IDS[unit], before or 2**62, limit)
    return [
        Line(
            transfer=row["id"],
            kind=row["kind"],
            amount=row["amount"],
            balance=row["balance"],
            occurred_at=row["occurred_at"],
            posted_at=row["posted_at"],
            rule=row["rule"],
            evidence=row["evidence"],
            reverses=row["reverses"],
        )
        for row in rows
    ]


async def balance_at(owner: UUID, *, unit: Unit, at: datetime) -> int:
    """The balance after the last movement posted before `at`, read from its stamp."""
    row = await database.fetch_row(
        "with mine as (select id from reward_account where owner = $1 and kind = 'resident' and unit = $2)"
        " select balance from ("
        " (select id, debit_after as balance from ledger_transfer where debit = (select id from mine) and debit >= 1000"
        "  and posted_at < $3 order by id desc limit 1) union all"
        " (select id, credit_after from ledger_transfer where credit = (select id from mine) and credit >= 1000"
        "  and posted_at < $3 order by id desc limit 1)) last order by id desc limit 1",
        owner,
        UNIT_IDS[unit],
        at,
    )
    return int(row["balance"]) if row else 0


class Expiring(msgspec.Struct, frozen=True):
    """Points that lapse after `last_day` unless they are spent before."""

    last_day: date
    points: int


async def next_to_expire(owner: UUID) -> Expiring | None:
    """The earliest points that would lapse if nothing more is spent, or None."""
    row = await database.fetch_row(
        "select b.expires, b.reach - a.cum_debited as points from reward_account a join lateral ("
        " select expires, sum(earned) over (order by expires)::bigint as reach"
        " from ledger_bucket where account = a.id) b on true"
        " where a.owner = $1 and a.kind = 'resident' and a.unit = 1 and b.reach > a.cum_debited"
        " order by b.expires limit 1",
        owner,
    )
    return Expiring(row["expires"], row["points"]) if row else None
