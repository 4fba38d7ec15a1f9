"""Telling partner systems (districts, a provincial app) of events: who subscribed, what leaves, what became of it.

What leaves is a CloudEvent with ids only; events that name an account are not exported. The sender stands in
`api.webhook_sender`, because it speaks HTTP to addresses others chose.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import crypto, database, leases, settings, trace
from domain.kernel.errors import Invalid, NotFound, Text
from domain.kernel.events import Event
from domain.kernel.handling import Recorded, together
from domain.kernel.ids import new_id

KIND = "webhook"
SECRET_BYTES = 24
SECRETS_LIVE = 2
TYPE_PREFIX = "org.green-whistle."

# Event name → type and the fields that leave. No field names a person.
EXPORTED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ReportSubmitted": ("report.submitted", ("report_id", "number", "category", "channel")),
    "ReportWithdrawn": ("report.withdrawn", ("report_id",)),
    "ReportPublished": ("report.published", ("report_id",)),
    "CaseAccepted": ("case.accepted", ("case_id", "round")),
    "CaseProgressed": ("case.progressed", ("case_id", "stage", "round")),
    "CaseClosed": ("case.closed", ("case_id", "round", "outcome", "substantiated", "provisional")),
    "CaseReopened": ("case.reopened", ("case_id", "round")),
    "ResultRated": ("result.rated", ("case_id", "round", "solved", "satisfied")),
    "LightTurned": ("case.light-turned", ("case_id", "node", "light", "due_at")),
    "PublicationLate": ("disclosure.late", ("dataset", "subject", "unit", "light", "duty")),
    "RatingsUnpublished": ("ratings.late", ("year", "publish_by", "light")),
    "MatterLate": ("matter.late", ("matter_id", "kind", "light")),
    "ChiefMessageEscalated": ("chief-message.escalated", ("message_id", "river", "level")),
}
TYPES = {kind for kind, _ in EXPORTED.values()}


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription, without its secrets."""

    id: UUID
    name: str
    url: str
    events: list[str]
    created_at: datetime
    rotated_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None


class Attempted(msgspec.Struct, frozen=True, kw_only=True):
    """One message in the delivery log."""

    id: UUID
    type: str
    state: str
    calls: int
    answer: str | None
    created_at: datetime
    finished_at: datetime | None


COLUMNS = "id, name, url, events, created_at, rotated_at, ended_at, end_reason"


def new_secret() -> str:
    """A Standard Webhooks secret."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _seal(live: list[str], *, endpoint: UUID) -> bytes:
    ring = crypto.key_ring(settings.current().seal_keys)
    return ring.seal(msgspec.json.encode(live), context=f"webhook:{endpoint}")


def open_secrets(sealed: bytes, *, endpoint: UUID) -> list[str]:
    """The live secrets, the newest first; for signing only."""
    ring = crypto.key_ring(settings.current().seal_keys)
    return msgspec.json.decode(ring.open(sealed, context=f"webhook:{endpoint}"), type=list[str])


async def subscribe(*, name: str, url: str, events: list[str], now: datetime) -> tuple[UUID, str]:
    """A new endpoint and its secret, which nobody can read again; raises `Invalid` for unknown types."""
    if unknown := set(events) - TYPES:
        raise Invalid(Text("未知的事件类型。", f"Unknown event type: {min(unknown)}."), field="events")
    endpoint, secret = new_id(), new_secret()
    await database.execute(
        "insert into webhook_endpoint (id, name, url, events, secrets, created_at)"
        " values ($1, $2, $3, $4::jsonb, $5, $6)",
        endpoint,
        name,
        url,
        msgspec.json.encode(sorted(set(events))).decode(),
        _seal([secret], endpoint=endpoint),
        now,
    )
    return endpoint, secret


async def rotate(endpoint: UUID, *, now: datetime) -> str:
    """A new secret beside the old one, which signs too until the next change; raises `NotFound`."""
    sealed = await database.fetch_value(
        "select secrets from webhook_endpoint where id = $1 and ended_at is null for update", endpoint
    )
    if sealed is None:
        raise NotFound
    secret = new_secret()
    live = [secret, *open_secrets(sealed, endpoint=endpoint)][:SECRETS_LIVE]
    await database.execute(
        "update webhook_endpoint set secrets = $2, rotated_at = $3 where id = $1",
        endpoint,
        _seal(live, endpoint=endpoint),
        now,
    )
    return secret


async def end(endpoint: UUID, *, reason: str, now: datetime) -> None:
    """Ends a subscription; raises `NotFound` for an unknown or ended one."""
    tag = await database.execute(
        "update webhook_endpoint set ended_at = $2, end_reason = $3 where id = $1 and ended_at is null",
        endpoint,
        now,
        reason,
    )
    if tag != "UPDATE 1":
        raise NotFound


async def endpoints() -> list[Endpoint]:
    """All subscriptions, the ended ones too."""
    rows = await database.fetch(f"select {COLUMNS} from webhook_endpoint order by created_at limit 500")
    return [Endpoint(**{**dict(row), "events": msgspec.json.decode(row["events"])}) for row in rows]


async def log(endpoint: UUID, *, state: str | None = None, limit: int = 100) -> list[Attempted]:
    """The newest messages of an endpoint."""
    rows = await database.fetch(
        "select id, type, state, calls, answer, created_at, finished_at from webhook_message"
        " where endpoint = $1 and ($2::text is null or state = $2) order by created_at desc limit $3",
        endpoint,
        state,
        limit,
    )
    return [Attempted(**dict(row)) for row in rows]


def cloud_event(event: Event, *, event_id: int, at: datetime, source: str) -> dict[str, Any]:
    """The event as CloudEvents 1.0 structured JSON."""
    kind, fields = EXPORTED[type(event).__name__]
    return {
        "specversion": "1.0",
        "id": str(event_id),
        "source": source,
        "type": TYPE_PREFIX + kind,
        "time": at.isoformat(),
        "datacontenttype": "application/json",
        "data": {name: getattr(event, name) for name in fields},
    }


@together
async def publish(batch: Sequence[Recorded]) -> None:
    """One message and one send job for each endpoint that subscribed to the event."""
    kind, _ = EXPORTED[type(batch[0].event).__name__]
    rows = await database.fetch("select id from webhook_endpoint where ended_at is null and events ? $1::text", kind)
    for recorded in batch if rows else ():
        with trace.of(recorded.origin):
            for row in rows:
                await _publish(recorded, row["id"], kind=kind)


async def _publish(recorded: Recorded, endpoint: UUID, *, kind: str) -> None:
    message = new_id()
    body = cloud_event(recorded.event, event_id=recorded.id, at=recorded.at, source=settings.current().public_url)
    made = await database.fetch_value(
        "insert into webhook_message (id, endpoint, event, type, body, state, calls, created_at)"
        " values ($1, $2, $3, $4, $5::jsonb, 'waiting', 0, $6)"
        " on conflict (endpoint, event) do nothing returning id",
        message,
        endpoint,
        recorded.id,
        kind,
        msgspec.json.encode(body).decode(),
        recorded.at,
    )
    if made is not None:
        payload = {"message": str(message)}
        await leases.queue(kind=KIND, subject=f"webhook:{endpoint}", payload=payload, now=recorded.at, job_id=message)
