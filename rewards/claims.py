"""Taking claims in: stored once by who numbers the deed, then judged by a worker.

The same deed again is answered with the first claim; the same number with other content is refused.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import clock, database, outbox
from domain.kernel.errors import Invalid, Refusal, Text
from domain.kernel.ids import new_id
from rewards import people
from rewards.behaviour import TRUST, Behaviour, Proof
from rewards.events import ClaimsReceived

CLAIMS_PER_EVENT = 100
CLAIM_AGE_MAX = timedelta(days=60)  # older deeds are refused: their month's statistics are closed
CLOCK_SLACK = timedelta(minutes=5)  # a sender's clock may be ahead by this


class ClaimAltered(Refusal):
    """The same deed was claimed before with other content."""

    code = "claim-altered"
    title = Text("同一凭证编号的内容不一致", "This proof number was sent before with other content")
    advice = Text(
        "请核对凭证编号；更正请联系客服。", "Check the number of the proof; corrections go through the office."
    )


class NewClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What a feed says somebody did."""

    account: UUID
    behaviour: Behaviour
    proof: Proof
    source: str
    external_id: str
    feed: str
    from_at: datetime
    to_at: datetime
    inputs: Mapping[str, Decimal]
    detail: Mapping[str, Any] = {}


class Taken(msgspec.Struct, frozen=True):
    """What became of a new claim: `new`, `known` (the first one is meant) or `altered`."""

    claim: UUID | None
    outcome: str


def fingerprint(claim: NewClaim) -> UUID:
    """What makes two claims of one number the same."""
    inputs = sorted((name, str(value.normalize())) for name, value in claim.inputs.items())
    told = (claim.account, claim.behaviour.code, claim.from_at.timestamp(), claim.to_at.timestamp(), inputs)
    return UUID(bytes=hashlib.sha256(repr(told).encode()).digest()[:16], version=5)


STORE = """
insert into reward_claim (id, account, person, behaviour, proof, trust, source, external_id, feed, fingerprint,
                          from_at, to_at, day, inputs, detail, received_at, state)
select u.*, $16, 'received' from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
  $7::text[], $8::text[], $9::text[], $10::uuid[], $11::timestamptz[], $12::timestamptz[], $13::date[],
  $14::jsonb[], $15::jsonb[]) as u
on conflict (source, external_id) do nothing returning id
"""


async def take(claims: Sequence[NewClaim], *, now: datetime) -> list[Taken]:
    """Stores claims in the caller's transaction and has them judged; one `Taken` each, in order."""
    ids = [new_id() for _ in claims]
    people_of = await people.persons_of([claim.account for claim in claims])
    columns = zip(*(_row(i, c, people_of[c.account]) for i, c in zip(ids, claims, strict=True)), strict=True)
    stored = {row["id"] for row in await database.fetch(STORE, *map(list, columns), now)} if claims else set()
    fresh = [claim_id for claim_id in ids if claim_id in stored]
    for start in range(0, len(fresh), CLAIMS_PER_EVENT):
        await outbox.record(ClaimsReceived(claim_ids=fresh[start : start + CLAIMS_PER_EVENT]), at=now)
    known = await _known([c for i, c in zip(ids, claims, strict=True) if i not in stored])
    return [
        Taken(claim_id, "new") if claim_id in stored else known[claim.source, claim.external_id, fingerprint(claim)]
        for claim_id, claim in zip(ids, claims, strict=True)
    ]


def _row(claim_id: UUID, claim: NewClaim, person: str) -> tuple[Any, ...]:
    inputs = {name: format(value, "f") for name, value in claim.inputs.items()}
    return (
        claim_id,
        claim.account,
        person,
        claim.behaviour.code,
        claim.proof,
        TRUST[claim.proof],
        claim.source,
        claim.external_id,
        claim.feed,
        fingerprint(claim),
        claim.from_at,
        claim.to_at,
        clock.local_day(claim.to_at),
        msgspec.json.encode(inputs).decode(),
        msgspec.json.encode(claim.detail).decode(),
    )


async def _known(claims: Sequence[NewClaim]) -> dict[tuple[str, str, UUID], Taken]:
    if not claims:
        return {}
    rows = await database.fetch(
        "select c.id, c.source, c.external_id, c.fingerprint from unnest($1::text[], $2::text[]) as u(s, e)"
        " join reward_claim c on c.source = u.s and c.external_id = u.e",
        [c.source for c in claims],
        [c.external_id for c in claims],
    )
    found = {(row["source"], row["external_id"]): row for row in rows}
    return {
        (c.source, c.external_id, print_): Taken(row["id"], "known")
        if row["fingerprint"] == print_
        else Taken(None, "altered")
        for c in claims
        for print_ in [fingerprint(c)]
        for row in [found[c.source, c.external_id]]
    }


def check_times(*, from_at: datetime, to_at: datetime, now: datetime) -> None:
    """Raises `Invalid` when the deed ends before it begins or the clock is impossible."""
    if from_at.tzinfo is None or to_at.tzinfo is None or from_at > to_at or to_at - from_at > timedelta(days=1):
        raise Invalid(Text("起止时间不合理", "The times are not in order"), field="to_at")
    if to_at > now + CLOCK_SLACK or to_at < now - CLAIM_AGE_MAX:
        raise Invalid(Text("行为时间超出可申报范围", "The deed is in the future or too old"), field="to_at")
