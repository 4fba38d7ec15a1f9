"""From a judged claim to grams and points: compute, take the caps, post both units, keep the award, tell the outbox.

Everything happens in the caller's transaction, under a lock on the person, so that caps, overlaps and the day's sum
cannot race.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from domain.kernel import clock, database, outbox, settings
from domain.kernel.errors import Invalid
from rewards import behaviours, judging, posting
from rewards.behaviour import Behaviour
from rewards.events import ClaimRefused
from rewards.judging import Claim, Verdict
from rewards.methods import MethodUnknown, Result
from rewards.posting import Award

OCCUPYING = sorted(b.code for b in behaviours.BEHAVIOURS.values() if b.occupies_time)


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
    if not milligrams and not points and not behaviour.service:
        return await decide(claim, Verdict("refuse", "cap-reached"), by=by, now=now)
    return await posting.post(claim, result, milligrams=milligrams, points=points, by=by, now=now)


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


async def decide(claim: Claim, verdict: Verdict, *, by: str, now: datetime) -> Verdict:
    """Holds or refuses the claim; a refusal is told to the resident."""
    if verdict.outcome == "hold":
        await posting.close(claim.id, "held", verdict.reason, by=by, now=now, due=verdict.until)
        return verdict
    await posting.close(claim.id, "refused", verdict.reason, by=by, now=now)
    refused = ClaimRefused(
        claim_id=claim.id, account_id=claim.account, behaviour=claim.behaviour, reason=verdict.reason or ""
    )
    await outbox.record(refused, at=now)
    return verdict


async def _beats_the_other(behaviour: Behaviour, claim: Claim, *, now: datetime) -> bool:
    """Of two overlapping deeds the better one counts: takes the other's award back when this one saves more."""
    other = await database.fetch_row(judging.OVERLAPPING, claim.person, claim.id, claim.from_at, claim.to_at, OCCUPYING)
    try:
        if other is None or computed(behaviour, claim).milligrams <= other["milligrams"]:
            return False
    except (Invalid, MethodUnknown):
        return False
    await posting.take_back(other["id"], reason="overlaps", by="rules", now=now)
    return True
