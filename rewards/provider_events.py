"""Events of a provider, up to a thousand at once: each is accepted, known, altered or refused with its reason.

A trip is numbered by its operator, not by the feed that brings it, so the same trip from two feeds is one claim.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec

from domain.kernel import audit
from domain.kernel.errors import Refusal
from rewards import claims, partners
from rewards.behaviours import BEHAVIOURS
from rewards.claims import NewClaim
from rewards.partners import Partner

EVENTS_MAX = 1_000
PLACE_DECIMALS = 2  # about a kilometre: enough to see a jump, too coarse to see a home
Amount = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,6})?$", examples=["12.4"])]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Degrees = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class Spot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A WGS-84 place; kept with two decimals."""

    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Degrees


class ProviderEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One deed of one resident, as a provider tells it."""

    subject: UUID  # the name the resident's link gave
    behaviour: Annotated[str, msgspec.Meta(max_length=40)]
    operator: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$")]
    trip_id: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    started_at: Moment
    ended_at: Moment
    inputs: Annotated[dict[str, Amount], msgspec.Meta(max_length=8)]
    start: Spot | None = None
    end: Spot | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event."""

    trip_id: str
    outcome: str  # accepted | known | altered | refused
    reason: str | None = None
    claim: UUID | None = None


async def take(partner: Partner, events: Sequence[ProviderEvent], *, now: datetime) -> list[Told]:
    """Stores the events in the caller's transaction and has them judged; one `Told` each, in order."""
    accounts = await partners.accounts_of(partner, [event.subject for event in events])
    told: list[Told] = []
    fresh: dict[int, NewClaim] = {}
    for at, event in enumerate(events):
        reason = _refusal(partner, event, known=event.subject in accounts, now=now)
        told.append(Told(trip_id=event.trip_id, outcome="refused", reason=reason))
        if reason is None:
            fresh[at] = _claim(partner, event, accounts[event.subject])
    taken = await claims.take(list(fresh.values()), now=now)
    for at, result in zip(fresh, taken, strict=True):
        outcome = {"new": "accepted"}.get(result.outcome, result.outcome)
        told[at] = Told(trip_id=events[at].trip_id, outcome=outcome, claim=result.claim)
    await _note_altered(partner, told, now=now)
    return told


def _refusal(partner: Partner, event: ProviderEvent, *, known: bool, now: datetime) -> str | None:
    behaviour = BEHAVIOURS.get(event.behaviour)
    if not known:
        return "unknown-subject"
    if behaviour is None or event.behaviour not in partner.behaviours or "provider" not in behaviour.proofs:
        return "behaviour-not-allowed"
    if event.operator not in partner.operators:
        return "operator-not-allowed"
    try:
        claims.check_times(from_at=event.started_at, to_at=event.ended_at, now=now)
    except Refusal:
        return "bad-times"
    return None


def _claim(partner: Partner, event: ProviderEvent, account: UUID) -> NewClaim:
    detail: dict[str, Any] = {
        side: {"lat": round(spot.lat, PLACE_DECIMALS), "lon": round(spot.lon, PLACE_DECIMALS)}
        for side, spot in (("start", event.start), ("end", event.end))
        if spot is not None
    }
    return NewClaim(
        account=account,
        behaviour=BEHAVIOURS[event.behaviour],
        proof="provider",
        source=f"operator:{event.operator}",
        external_id=event.trip_id,
        feed=partner.code,
        from_at=event.started_at,
        to_at=event.ended_at,
        inputs={name: Decimal(value) for name, value in event.inputs.items()},
        detail=detail,
    )


async def _note_altered(partner: Partner, told: Sequence[Told], *, now: datetime) -> None:
    altered = [one.trip_id for one in told if one.outcome == "altered"]
    if altered:
        await audit.append(
            actor=f"partner:{partner.code}",
            action="claim.altered-replay",
            subject=f"partner:{partner.code}",
            at=now,
            detail={"trips": altered[:20], "count": len(altered)},
        )
