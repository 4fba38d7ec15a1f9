"""Sponsors: a budget with a floor, extra points while it lasts, aggregated effects, and carbon retired once."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import audit, clock, database
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id
from domain.operators import four_eyes
from rewards import ledger
from rewards.behaviours import BEHAVIOURS
from rewards.factors import FACTORS
from rewards.judging import Claim
from rewards.ledger import BalanceTooLow, Movement, Posted
from rewards.methods import UNCONFIRMED
from rewards.publishing import PUBLIC_PEOPLE_MIN

FUND = "sponsor.fund"
CAMPAIGNS_MAX = 3  # of one behaviour at one time


class NothingToRetire(Refusal):
    """No sponsored carbon is left for that month."""

    code = "nothing-to-retire"
    title = Text("该月没有可注销的减排量", "There is nothing to retire for that month")
    advice = Text("每月的减排量只能注销一次。", "A month's carbon is retired once.")


async def register(*, name: str, credit_code: str, by: str, now: datetime) -> UUID:
    """Makes a sponsor, or finds the one with this credit code."""
    sponsor: UUID = await database.fetch_value(
        "insert into sponsor (id, name, credit_code, made_at) values ($1, $2, $3, $4)"
        " on conflict (credit_code) do update set name = excluded.name returning id",
        new_id(),
        name,
        credit_code,
        now,
    )
    await audit.append(actor=by, action="sponsor.registered", subject=f"sponsor:{sponsor}", at=now)
    return sponsor


async def fund(sponsor: UUID, *, points: int, approval: UUID, officer: UUID, now: datetime) -> Posted:
    """Puts points into the budget, against an approval of exactly this sum by a second officer."""
    subject = f"sponsor:{sponsor}/{points}"
    await four_eyes.spend(approval, action=FUND, subject=subject, operator=officer, now=now)
    movement = Movement(
        key=ledger.keyed("fund", approval),
        kind="fund",
        debit=ledger.issuer("points"),
        credit=await ledger.account(owner=sponsor, kind="sponsor", unit="points", now=now),
        amount=points,
        occurred_at=now,
        rule="sponsor-budget",
        evidence=approval,
    )
    return await ledger.post(movement, now=now)


async def campaign(
    sponsor: UUID, *, behaviour: str, points: int, from_at: datetime, until_at: datetime, now: datetime
) -> UUID:
    """Extra points for a behaviour within a time. Raises `NotFound` for an unknown sponsor."""
    if not await database.fetch_value("select true from sponsor where id = $1", sponsor):
        raise NotFound
    made = new_id()
    await database.execute(
        "insert into sponsor_campaign (id, sponsor, behaviour, points, from_at, until_at, detail, open)"
        " values ($1, $2, $3, $4, $5, $6, '{}', true)",
        made,
        sponsor,
        behaviour,
        points,
        from_at,
        until_at,
    )
    return made


async def end_campaign(campaign_id: UUID, *, by: str, now: datetime) -> None:
    """Ends a campaign at once; what it paid stays. Raises `NotFound` when it is over already."""
    ended = await database.fetch_value(
        "update sponsor_campaign set open = false where id = $1 and open returning true", campaign_id
    )
    if not ended:
        raise NotFound
    await audit.append(actor=by, action="campaign.ended", subject=f"campaign:{campaign_id}", at=now)


async def listed() -> list[dict[str, Any]]:
    """Sponsors by name, with how many campaigns are open."""
    rows = await database.fetch(
        "select s.id, s.name, (select count(*) from sponsor_campaign c where c.sponsor = s.id and c.open)::int"
        " as campaigns from sponsor s order by s.name, s.id limit 500"
    )
    return [dict(row) for row in rows]


async def add_bonus(claim: Claim, *, milligrams: int, now: datetime) -> int:
    """Pays the sponsors' extra points for an award; a budget that is used up simply pays no more. How many points."""
    rows = await database.fetch(
        "select id, sponsor, points from sponsor_campaign where behaviour = $1 and open and from_at <= $2"
        " and until_at > $2 order by sponsor limit $3",
        claim.behaviour,
        claim.to_at,
        CAMPAIGNS_MAX,
    )
    given = 0
    for row in rows:
        try:
            given += await _pay(claim, row, now=now)
        except BalanceTooLow:
            continue
        if milligrams:
            await _attribute(claim, row["sponsor"], milligrams=milligrams, now=now)
    return given


async def _pay(claim: Claim, row: Any, *, now: datetime) -> int:
    movement = Movement(
        key=ledger.keyed("sponsor", row["id"], claim.id),
        kind="sponsor",
        debit=await ledger.account(owner=row["sponsor"], kind="sponsor", unit="points", now=now),
        credit=await ledger.account(owner=claim.account, kind="resident", unit="points", now=now),
        amount=row["points"],
        occurred_at=claim.to_at,
        rule=f"sponsor/{claim.behaviour}",
        evidence=row["id"],
        expires=ledger.good_until(now),
    )
    await ledger.post(movement, now=now)
    return int(row["points"])


async def _attribute(claim: Claim, sponsor: UUID, *, milligrams: int, now: datetime) -> None:
    """Carbon a sponsor helped to save stands in its own pool, once per deed; residents' records are not touched."""
    movement = Movement(
        key=ledger.keyed("attribute", claim.id),
        kind="attribute",
        debit=ledger.issuer("carbon"),
        credit=await ledger.account(owner=sponsor, kind="sponsor", unit="carbon", now=now),
        amount=milligrams,
        occurred_at=claim.to_at,
        rule=f"sponsor/{claim.behaviour}",
    )
    try:
        await ledger.post(movement, now=now)
    except ledger.KeyAltered:
        return  # another sponsor helped with the same deed and has it already


async def retire(sponsor: UUID, *, month: date, by: str, now: datetime) -> Posted:
    """Retires the pool's carbon for a month: one movement, once. Raises `NothingToRetire`."""
    pool = await ledger.account(owner=sponsor, kind="sponsor", unit="carbon", now=now)
    key = ledger.keyed("retire", sponsor, month.replace(day=1))
    done = await database.fetch_value("select true from ledger_key where id = $1", key)
    balance = await database.fetch_value("select balance from reward_account where id = $1 for update", pool)
    if done or not balance or month.replace(day=1) > clock.local_day(now):
        raise NothingToRetire
    movement = Movement(
        key=key,
        kind="retire",
        debit=pool,
        credit=ledger.sink(ledger.RETIRED, "carbon"),
        amount=balance,
        occurred_at=now,
        rule="retire",
    )
    posted = await ledger.post(movement, now=now)
    await audit.append(actor=by, action="carbon.retired", subject=f"sponsor:{sponsor}", at=now, detail={"mg": balance})
    return posted


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """What a sponsor brought about. Numbers of fewer than `PUBLIC_PEOPLE_MIN` people are not told."""

    sponsor: str
    budget_left: int
    people: int | None
    deeds: int | None
    points_given: int | None
    milligrams: int | None
    unconfirmed: bool  # a factor behind the milligrams is from memory or a policy choice
    retired_milligrams: int


EFFECTS = """
select count(distinct credit) as people, count(*) as deeds, coalesce(sum(amount), 0)::bigint as points
from ledger_transfer where kind = 'sponsor' and debit >= 1000
  and debit = (select id from reward_account where owner = $1 and kind = 'sponsor' and unit = 1)
"""


async def effects(sponsor: UUID) -> Effects:
    """Aggregated only; raises `NotFound`."""
    name = await database.fetch_value("select name from sponsor where id = $1", sponsor)
    if name is None:
        raise NotFound
    row: Any = await database.fetch_row(EFFECTS, sponsor)
    rows = await database.fetch(
        "select unit, balance, cum_debited from reward_account where owner = $1 and kind = 'sponsor'", sponsor
    )
    pots = {pot["unit"]: pot for pot in rows}
    points, carbon = pots.get(1), pots.get(2)
    shown = row["people"] >= PUBLIC_PEOPLE_MIN
    saved = carbon["balance"] + carbon["cum_debited"] if carbon else 0
    return Effects(
        sponsor=name,
        budget_left=points["balance"] if points else 0,
        people=row["people"] if shown else None,
        deeds=row["deeds"] if shown else None,
        points_given=row["points"] if shown else None,
        milligrams=saved if shown else None,
        unconfirmed=await _unconfirmed(sponsor),
        retired_milligrams=carbon["cum_debited"] if carbon else 0,
    )


async def _unconfirmed(sponsor: UUID) -> bool:
    """Whether any deed in the pool was computed with a factor nobody has confirmed."""
    rows = await database.fetch(
        "select distinct t.rule from ledger_transfer t join reward_account a on a.id = t.credit"
        " where t.kind = 'attribute' and t.credit >= 1000 and a.owner = $1 and a.kind = 'sponsor' and a.unit = 2",
        sponsor,
    )
    used = [BEHAVIOURS[row["rule"].removeprefix("sponsor/")] for row in rows]
    codes = {code for behaviour in used for method in behaviour.methods for code in method.factors}
    return any(factor.code in codes and factor.tag in UNCONFIRMED for factor in FACTORS)
