"""Points by hand: a second officer, a reason, evidence, a daily ceiling per officer, and public monthly numbers."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import audit, clock, database
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id
from domain.operators import four_eyes
from rewards import ledger
from rewards.ledger import Movement, Posted
from rewards.publishing import PUBLIC_PEOPLE_MIN, bounds

ACTION = "points.grant"
DAILY_MAX = 5_000  # points one officer can bring in a day
Category = Literal["correction", "compensation", "honour", "offline-event"]


class CeilingReached(Refusal):
    """The officer has granted all they may today."""

    code = "grant-ceiling-reached"
    title = Text("已达到当日人工发放上限", "The daily ceiling of manual grants is reached")
    advice = Text("请明日再办或由另一位操作员申请。", "Continue tomorrow, or let another officer ask.")


async def ask(
    *, account: UUID, amount: int, category: Category, reason: str, evidence: str, officer: UUID, now: datetime
) -> tuple[UUID, UUID]:
    """(grant, approval): waits for a second officer. The approval names the grant only, not the resident."""
    if not await database.fetch_value("select true from account where id = $1", account):
        raise NotFound
    grant = new_id()
    approval = await four_eyes.ask(
        action=ACTION,
        subject=f"grant:{grant}",
        reason=reason,
        operator=officer,
        now=now,
        detail={"amount": amount, "category": category, "evidence": evidence},
    )
    await database.execute(
        "insert into manual_grant (id, account, amount, category, reason, evidence, asked_by, approval, asked_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        grant,
        account,
        amount,
        category,
        reason,
        evidence,
        officer,
        approval,
        now,
    )
    return grant, approval


async def post(grant: UUID, *, officer: UUID, now: datetime) -> Posted:
    """Posts an approved grant once, within the ceiling. Raises `ApprovalNeeded`, `CeilingReached`, `NotFound`."""
    row = await database.fetch_row("select * from manual_grant where id = $1 for update", grant)
    if row is None:
        raise NotFound
    await four_eyes.spend(row["approval"], action=ACTION, subject=f"grant:{grant}", operator=officer, now=now)
    free = await database.fetch_value(
        "select cap_take($1, array['grant'], array[$2], array[$3::bigint], $4)",
        f"officer:{officer}",
        clock.local_day(now).isoformat(),
        DAILY_MAX,
        row["amount"],
    )
    if free < row["amount"]:
        raise CeilingReached
    purse = await ledger.account(owner=row["account"], kind="resident", unit="points", now=now)
    movement = Movement(
        key=ledger.keyed("grant", grant),
        kind="grant",
        debit=ledger.issuer("points"),
        credit=purse,
        amount=row["amount"],
        occurred_at=now,
        rule=f"grant/{row['category']}",
        evidence=grant,
        expires=ledger.good_until(now),
    )
    posted = await ledger.post(movement, now=now)
    await database.execute("update manual_grant set posted_at = $2 where id = $1", grant, now)
    await audit.append(actor=f"operator:{officer}", action="grant.posted", subject=f"grant:{grant}", at=now)
    return posted


class MonthOfGrants(msgspec.Struct, frozen=True, kw_only=True):
    """What was given by hand in a month, by category; small groups are put together as `other`."""

    category: str
    grants: int
    points: int


async def month(first: date) -> list[MonthOfGrants]:
    """The public numbers of the local month that begins on `first`."""
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    rows = await database.fetch(
        "select case when people < $3 then 'other' else category end as category, sum(grants)::int as grants,"
        " sum(points)::bigint as points from (select category, count(*) as grants, sum(amount) as points,"
        " count(distinct account) as people from manual_grant where posted_at >= $1 and posted_at < $2"
        " group by category) c group by 1 order by 1",
        bounds(first)[0],
        bounds(after)[0],
        PUBLIC_PEOPLE_MIN,
    )
    return [MonthOfGrants(**dict(row)) for row in rows]
