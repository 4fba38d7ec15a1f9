"""The movements of an award, the row that lets anybody recompute it, and taking it back."""

from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

import msgspec

from domain.kernel import clock, database, outbox, settings
from domain.kernel.ids import new_id
from rewards import ledger, sponsors
from rewards.behaviours import BEHAVIOURS
from rewards.events import PointsAwarded, PointsReversed
from rewards.judging import Claim
from rewards.ledger import Movement, Unit
from rewards.methods import MG_PER_POINT, Result

MINUTES_PER_HOUR = 60


class Award(msgspec.Struct, frozen=True, kw_only=True):
    """What was posted for a claim."""

    id: UUID
    milligrams: int
    points: int
    minutes: int
    transfer: int | None


STORE = """
insert into reward_award (id, claim, account, behaviour, method_version, content_hash, region, day, inputs, computed_mg,
                          milligrams, points, minutes, carbon_key, points_key, minutes_key, unconfirmed, trust, made_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
"""


async def post(claim: Claim, result: Result, *, milligrams: int, points: int, by: str, now: datetime) -> Award:
    """Posts grams, points and service minutes of a claim and stores the award, in the caller's transaction."""
    amounts: dict[Unit, int] = {"carbon": milligrams, "minutes": service_minutes(claim), "points": points}
    if milligrams:
        amounts["points"] += await day_points(claim.account, milligrams=milligrams, day=clock.local_day(claim.to_at))
    rule, keys, transfer = f"{claim.behaviour}@{result.version}", dict[Unit, UUID](), None
    for unit, amount in amounts.items():
        if amount:
            keys[unit] = ledger.keyed(unit, claim.id)
            transfer = await _earn(claim, keys[unit], unit=unit, amount=amount, rule=rule, now=now)
    award = Award(
        id=new_id(), milligrams=milligrams, points=amounts["points"], minutes=amounts["minutes"], transfer=transfer
    )
    await _store(award, claim, result, keys=keys, now=now)
    await sponsors.add_bonus(claim, milligrams=milligrams, now=now)
    await close(claim.id, "awarded", None, by=by, now=now)
    if transfer is not None:
        told = PointsAwarded(
            transfer_id=transfer, account_id=claim.account, points=award.points, behaviour=claim.behaviour
        )
        await outbox.record(told, at=now)
    return award


def service_minutes(claim: Claim) -> int:
    """Whole minutes of service, for behaviours that are one; never capped, because they are a record and no reward."""
    if not BEHAVIOURS[claim.behaviour].service:
        return 0
    minutes = Decimal(claim.inputs["hours"]) * MINUTES_PER_HOUR
    return int(minutes.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


async def _store(award: Award, claim: Claim, result: Result, *, keys: dict[Unit, UUID], now: datetime) -> None:
    await database.execute(
        STORE,
        award.id,
        claim.id,
        claim.account,
        claim.behaviour,
        result.version,
        result.content_hash,
        settings.current().grid_region,
        clock.local_day(claim.to_at),
        msgspec.json.encode(claim.inputs).decode(),
        result.milligrams,
        award.milligrams,
        award.points,
        award.minutes,
        keys.get("carbon"),
        keys.get("points"),
        keys.get("minutes"),
        result.unconfirmed,
        claim.trust,
        now,
    )


async def _earn(claim: Claim, key: UUID, *, unit: Unit, amount: int, rule: str, now: datetime) -> int:
    purse = await ledger.account(owner=claim.account, kind="resident", unit=unit, now=now)
    movement = Movement(
        key=key,
        kind="earn",
        debit=ledger.issuer(unit),
        credit=purse,
        amount=amount,
        occurred_at=claim.to_at,
        rule=rule,
        evidence=claim.id,
        expires=ledger.good_until(now) if unit == "points" else None,
    )
    return (await ledger.post(movement, now=now)).transfer


DAY_POINTS = """
insert into carbon_day as d (id, account, day, milligrams, points)
values ($1, $2, $3, greatest($4, 0), greatest($4, 0) / $5)
on conflict (account, day) do update set milligrams = greatest(d.milligrams + $4, 0),
  points = greatest(d.points, (d.milligrams + $4) / $5)
returning milligrams, points, (select o.points from carbon_day o where o.account = $2 and o.day = $3) as before
"""


async def day_points(account: UUID, *, milligrams: int, day: date) -> int:
    """Adds to the day's carbon sum; how many points its new total is worth beyond those issued already."""
    row = await database.fetch_row(DAY_POINTS, new_id(), account, day, milligrams, MG_PER_POINT)
    return int(row["points"] - (row["before"] or 0)) if row else 0


async def close(
    claim_id: UUID, state: str, reason: str | None, *, by: str, now: datetime, due: datetime | None = None
) -> None:
    """Moves a claim to a state, with the reason and who decided."""
    await database.execute(
        "update reward_claim set state = $2, reason = $3, decided_by = $4, decided_at = $5, due_at = $6 where id = $1",
        claim_id,
        state,
        reason,
        by,
        now,
        due,
    )


async def take_back(claim_id: UUID, *, reason: str, by: str, now: datetime) -> None:
    """Reverses whatever was posted for a claim and refuses it. Safe to repeat."""
    row = await database.fetch_row("select * from reward_award where claim = $1", claim_id)
    for key in (row["points_key"], row["carbon_key"], row["minutes_key"]) if row else ():
        transfer = await database.fetch_value("select transfer from ledger_key where id = $1", key)
        if transfer is not None:
            await ledger.reverse(
                key=ledger.keyed("take-back", key), transfer=transfer, now=now, rule=reason, evidence=claim_id
            )
    if row:
        await database.execute(
            "update carbon_day set milligrams = greatest(milligrams - $3, 0), points = greatest(points - $4, 0)"
            " where account = $1 and day = $2",
            row["account"],
            row["day"],
            row["milligrams"],
            row["points"] if row["carbon_key"] else 0,
        )
        reversed_ = PointsReversed(
            transfer_id=transfer or 0, account_id=row["account"], points=row["points"], reason=reason
        )
        await outbox.record(reversed_, at=now)
    await close(claim_id, "refused", reason, by=by, now=now)
