"""From a judged claim to grams and points: compute, take the caps, post both units, keep the award, tell the outbox.

Everything happens in the caller's transaction, under a lock on the person, so that caps, overlaps and the day's sum
cannot race.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import clock, database, outbox, settings
from domain.kernel.errors import Invalid
from domain.kernel.ids import new_id
from rewards import behaviours, judging, ledger
from rewards.behaviour import Behaviour
from rewards.events import ClaimRefused, PointsAwarded, PointsReversed
from rewards.judging import Claim, Verdict
from rewards.ledger import Movement
from rewards.methods import MG_PER_POINT, MethodUnknown, Result

OCCUPYING = sorted(b.code for b in behaviours.BEHAVIOURS.values() if b.occupies_time)


class Award(msgspec.Struct, frozen=True, kw_only=True):
    """What was posted for a claim."""

    id: UUID
    milligrams: int
    points: int
    transfer: int | None


async def lock_person(person: str) -> None:
    """One judge per person at a time, until the transaction ends."""
    await database.execute("select pg_advisory_xact_lock(hashtextextended('person|' || $1, 0))", person)


async def in_person_order(claim_ids: list[UUID]) -> list[UUID]:
    """The claims sorted by person, then by time: batches that share people take their locks in one order."""
    rows = await database.fetch("select id from reward_claim where id = any($1) order by person, to_at, id", claim_ids)
    return [row["id"] for row in rows]


async def settle(claim_id: UUID, *, now: datetime) -> Award | Verdict | None:
    """Judges a received claim and acts on the verdict; None when it was settled before."""
    claim = await open_claim(claim_id, states=("received",))
    if claim is None:
        return None
    behaviour = behaviours.find(claim.behaviour)
    verdict = await judging.judge(behaviour, claim, occupying=OCCUPYING, now=now)
    if verdict.reason == "overlaps" and await _beats_the_other(behaviour, claim, now=now):
        verdict = judging.PAY
    if verdict.outcome == "pay":
        return await pay(claim, by="rules", now=now)
    await decide(claim, verdict, by="rules", now=now)
    return verdict


async def open_claim(claim_id: UUID, *, states: tuple[str, ...]) -> Claim | None:
    """The claim under its person's lock, or None when it is in no such state."""
    person = await database.fetch_value("select person from reward_claim where id = $1", claim_id)
    if person is None:
        return None
    await lock_person(person)
    row = await database.fetch_row(
        "select * from reward_claim where id = $1 and state = any($2)", claim_id, list(states)
    )
    return None if row is None else judging.of_row(row)


def computed(behaviour: Behaviour, claim: Claim) -> Result:
    """What the method of the claim's day gives; raises `Invalid` or `MethodUnknown`."""
    inputs = {name: Decimal(value) for name, value in claim.inputs.items()}
    day, region = clock.local_day(claim.to_at), settings.current().grid_region
    return behaviours.result(behaviour, inputs=inputs, day=day, region=region)


async def pay(claim: Claim, *, by: str, now: datetime) -> Award | Verdict:
    """Posts the claim, or refuses it by bounds or caps. Raises nothing for a business "no": the claim says why."""
    behaviour = behaviours.find(claim.behaviour)
    try:
        result = computed(behaviour, claim)
    except (Invalid, MethodUnknown) as refused:
        reason = "method-not-valid-then" if isinstance(refused, MethodUnknown) else "bad-inputs"
        return await decide(claim, Verdict("refuse", reason), by=by, now=now)
    if not result.milligrams and not result.points:
        return await decide(claim, Verdict("refuse", "nothing-saved"), by=by, now=now)
    milligrams, points = await within_caps(behaviour, claim, result)
    if not milligrams and not points:
        return await decide(claim, Verdict("refuse", "cap-reached"), by=by, now=now)
    return await _post(claim, result, milligrams=milligrams, points=points, by=by, now=now)


async def within_caps(behaviour: Behaviour, claim: Claim, result: Result) -> tuple[int, int]:
    """How much of the result is still free for this person: (milligrams, points by formula)."""
    day = clock.local_day(claim.to_at)
    if not await _take(behaviour, claim.person, of="times", wanted=1, day=day):
        return 0, 0
    milligrams = await _take(behaviour, claim.person, of="mg", wanted=result.milligrams, day=day)
    return milligrams, await _take(behaviour, claim.person, of="points", wanted=result.points or 0, day=day)


async def _take(
    behaviour: Behaviour, person: str, *, of: Literal["times", "mg", "points"], wanted: int, day: date
) -> int:
    caps = sorted((cap for cap in behaviour.caps if cap.of == of), key=lambda cap: cap.period)
    if not caps or wanted == 0:
        return wanted
    free: int = await database.fetch_value(
        "select cap_take($1, $2, $3, $4, $5)",
        person,
        [f"{behaviour.code}/{of}" for _ in caps],
        [day.isoformat() if cap.period == "day" else day.isoformat()[:7] for cap in caps],
        [cap.limit for cap in caps],
        wanted,
    )
    return free


async def _post(claim: Claim, result: Result, *, milligrams: int, points: int, by: str, now: datetime) -> Award:
    rule = f"{claim.behaviour}@{result.version}"
    carbon_key = points_key = transfer = None
    if milligrams:
        carbon_key = ledger.keyed("carbon", claim.id)
        transfer = await _earn(claim, carbon_key, unit="carbon", amount=milligrams, rule=rule, now=now)
        points += await day_points(claim.account, milligrams=milligrams, day=clock.local_day(claim.to_at))
    if points:
        points_key = ledger.keyed("points", claim.id)
        transfer = await _earn(claim, points_key, unit="points", amount=points, rule=rule, now=now)
    award = Award(id=new_id(), milligrams=milligrams, points=points, transfer=transfer)
    await database.execute(
        "insert into reward_award (id, claim, account, behaviour, method_version, content_hash, region, day, inputs,"
        " computed_mg, milligrams, points, carbon_key, points_key, unconfirmed, trust, made_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11, $12, $13, $14, $15, $16, $17)",
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
        milligrams,
        points,
        carbon_key,
        points_key,
        result.unconfirmed,
        claim.trust,
        now,
    )
    await _close(claim.id, "awarded", None, by=by, now=now)
    if transfer is not None:
        event = PointsAwarded(transfer_id=transfer, account_id=claim.account, points=points, behaviour=claim.behaviour)
        await outbox.record(event, at=now)
    return award


async def _earn(
    claim: Claim, key: UUID, *, unit: Literal["carbon", "points"], amount: int, rule: str, now: datetime
) -> int:
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


async def decide(claim: Claim, verdict: Verdict, *, by: str, now: datetime) -> Verdict:
    """Holds or refuses the claim; a refusal is told to the resident."""
    if verdict.outcome == "hold":
        await _close(claim.id, "held", verdict.reason, by=by, now=now, due=verdict.until)
        return verdict
    await _close(claim.id, "refused", verdict.reason, by=by, now=now)
    refused = ClaimRefused(
        claim_id=claim.id, account_id=claim.account, behaviour=claim.behaviour, reason=verdict.reason or ""
    )
    await outbox.record(refused, at=now)
    return verdict


async def _close(
    claim_id: UUID, state: str, reason: str | None, *, by: str, now: datetime, due: datetime | None = None
) -> None:
    await database.execute(
        "update reward_claim set state = $2, reason = $3, decided_by = $4, decided_at = $5, due_at = $6 where id = $1",
        claim_id,
        state,
        reason,
        by,
        now,
        due,
    )


async def _beats_the_other(behaviour: Behaviour, claim: Claim, *, now: datetime) -> bool:
    """Of two overlapping deeds the better one counts: takes the other's award back when this one saves more."""
    other = await database.fetch_row(judging.OVERLAPPING, claim.person, claim.id, claim.from_at, claim.to_at, OCCUPYING)
    try:
        if other is None or computed(behaviour, claim).milligrams <= other["milligrams"]:
            return False
    except (Invalid, MethodUnknown):
        return False
    await take_back(other["id"], reason="overlaps", by="rules", now=now)
    return True


async def take_back(claim_id: UUID, *, reason: str, by: str, now: datetime) -> None:
    """Reverses whatever was posted for a claim and refuses it. Safe to repeat."""
    row = await database.fetch_row("select * from reward_award where claim = $1", claim_id)
    for key in (row["points_key"], row["carbon_key"]) if row else ():
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
    await _close(claim_id, "refused", reason, by=by, now=now)
