"""Whether a claim may be paid at once: review, overlap, speed and place."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.kernel import database
from rewards.behaviour import REVIEWED, Behaviour

JUMP_KMH_MAX = 150  # faster than any train stop to stop within a district
EARTH_KM = 6371.0


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A stored claim as the judges see it."""

    id: UUID
    account: UUID
    person: str
    behaviour: str
    proof: str
    trust: str
    from_at: datetime
    to_at: datetime
    inputs: dict[str, str]
    detail: dict[str, Any]
    received_at: datetime
    state: str


class Verdict(msgspec.Struct, frozen=True):
    """Pay now, hold for a person or a date, or refuse; with the reason's code."""

    outcome: Literal["pay", "hold", "refuse"]
    reason: str | None = None
    until: datetime | None = None


PAY = Verdict("pay")


def of_row(row: Mapping[str, Any]) -> Claim:
    """A claim from its row; JSONB columns arrive as text."""
    return Claim(
        **{name: row[name] for name in Claim.__struct_fields__ if name not in ("inputs", "detail")},
        inputs=msgspec.json.decode(row["inputs"]),
        detail=msgspec.json.decode(row["detail"]),
    )


def distance_km(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Great-circle distance between two {lat, lon} places in degrees."""
    lat1, lat2 = math.radians(one["lat"]), math.radians(other["lat"])
    dlat, dlon = lat2 - lat1, math.radians(other["lon"] - one["lon"])
    a = math.sin(dlat / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(dlon / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(a))


def too_fast(behaviour: Behaviour, claim: Claim) -> bool:
    """Whether the claimed distance needs a speed this way of travelling does not have."""
    distance = claim.inputs.get("distance_km")
    hours = (claim.to_at - claim.from_at).total_seconds() / 3600
    if behaviour.speed_max_kmh is None or distance is None:
        return False
    return float(distance) > behaviour.speed_max_kmh * max(hours, 0.0)


def jumped(before: Mapping[str, Any], claim: Claim) -> bool:
    """Whether the person would have moved faster than `JUMP_KMH_MAX` from the end of the deed before."""
    start, end = claim.detail.get("start"), before["end"]
    if start is None or end is None:
        return False
    hours = max((claim.from_at - before["at"]).total_seconds(), 1.0) / 3600
    return bool(distance_km(end, start) > JUMP_KMH_MAX * hours)


OVERLAPPING = """
select c.id, c.state, coalesce(a.milligrams, 0) as milligrams from reward_claim c left join reward_award a on a.claim
= c.id
where c.person = $1 and c.id <> $2 and c.state in ('awarded', 'held') and c.from_at < $4 and c.to_at > $3
  and c.behaviour = any($5) order by milligrams desc limit 1
"""
BEFORE = """
select detail -> 'end' as end, to_at as at from reward_claim
where person = $1 and id <> $2 and to_at <= $3 and to_at > $3 - interval '6 hours' and detail ? 'end'
order by to_at desc limit 1
"""


async def judge(behaviour: Behaviour, claim: Claim, *, occupying: list[str], now: datetime) -> Verdict:
    """The verdict on a received claim; the caller holds the person's lock."""
    if too_fast(behaviour, claim):
        return Verdict("refuse", "too-fast")
    if behaviour.occupies_time and await database.fetch_row(
        OVERLAPPING, claim.person, claim.id, claim.from_at, claim.to_at, occupying
    ):
        return Verdict("refuse", "overlaps")
    if claim.detail.get("start") is not None:
        before = await database.fetch_row(BEFORE, claim.person, claim.id, claim.from_at)
        if before and jumped({"end": msgspec.json.decode(before["end"]), "at": before["at"]}, claim):
            return Verdict("hold", "too-far-apart")
    return _waiting(behaviour, claim)


def _waiting(behaviour: Behaviour, claim: Claim) -> Verdict:
    """Holds what somebody must look at first, or what must wait for a date."""
    if doubt := claim.detail.get("doubt"):
        return Verdict("hold", str(doubt))
    if claim.trust in REVIEWED:
        return Verdict("hold", "awaiting-review")
    if behaviour.held_days:
        return Verdict("hold", "hold-period", claim.received_at + timedelta(days=behaviour.held_days))
    return PAY
