"""Webhooks of partner systems: administrators subscribe them, read their log, change secrets, replay."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.actors import Actor
from api.parts import Parts
from api.webhook_sender import trusted
from domain.kernel import audit, clock, database, leases
from domain.kernel.errors import Invalid, Text
from media.guarded import AddressRefused, check_url
from notifications import webhooks
from notifications.webhooks import TYPES, Attempted, Endpoint

TAGS = ["Webhooks"]
ADMINISTRATOR = {"audience": "operator", "role": "administrator"}
REPLAY_MAX = 200
EventType = Annotated[str, msgspec.Meta(max_length=40, description=f"One of {', '.join(sorted(TYPES))}.")]


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A partner's address and the events it wants."""

    name: Annotated[str, msgspec.Meta(min_length=2, max_length=80)]
    url: Annotated[str, msgspec.Meta(min_length=10, max_length=500, examples=["https://partner.example/hooks"])]
    events: Annotated[list[EventType], msgspec.Meta(min_length=1, max_length=20)]


class Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    """The endpoint and its secret, which is shown only here."""

    id: UUID
    secret: str


class Secret(msgspec.Struct, frozen=True):
    """The new secret, shown only here; the one before signs too until the next change."""

    secret: str


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Dead messages to send again."""

    message_ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=REPLAY_MAX)]


class Replayed(msgspec.Struct, frozen=True):
    """How many will be sent again."""

    replayed: int


def _check_url(url: str, *, setting: str) -> None:
    """Refuses what may never be an address of a partner; where the name leads is judged when connecting."""
    try:
        check_url(url, trusted=trusted(setting))
    except AddressRefused as refused:
        raise Invalid(
            Text("须为不含账号的 https 地址。", "It must be a plain https address."), field="url"
        ) from refused


async def _note(operator: Actor, action: str, endpoint: UUID, *, at: datetime) -> None:
    await audit.append(actor=operator.principal, action=action, subject=f"webhook:{endpoint}", at=at)


@post("/v1/operator/webhooks", opt=ADMINISTRATOR, tags=TAGS, summary="Subscribe a partner")
async def subscribe(
    data: JSONBody[NewEndpoint], operator: NamedDependency[Actor], parts: NamedDependency[Parts]
) -> Subscribed:
    """Messages are CloudEvents, signed as Standard Webhooks says and retried for 75 hours."""
    _check_url(data.url, setting=parts.settings.webhook_trusted)
    now = clock.utc_now()
    async with database.transaction():
        endpoint, secret = await webhooks.subscribe(name=data.name, url=data.url, events=data.events, now=now)
        await _note(operator, "webhook.subscribed", endpoint, at=now)
    return Subscribed(id=endpoint, secret=secret)


@get("/v1/operator/webhooks", opt=ADMINISTRATOR, tags=TAGS, summary="Subscriptions")
async def endpoints(operator: NamedDependency[Actor]) -> list[Endpoint]:
    """The ended ones too; secrets are never shown."""
    return await webhooks.endpoints()


@post("/v1/operator/webhooks/{endpoint_id:uuid}/secret", opt=ADMINISTRATOR, tags=TAGS, summary="Change the secret")
async def rotate(endpoint_id: FromPath[UUID], operator: NamedDependency[Actor]) -> Secret:
    """Both secrets sign until the next change, so that no message is missed."""
    now = clock.utc_now()
    async with database.transaction():
        secret = await webhooks.rotate(endpoint_id, now=now)
        await _note(operator, "webhook.rotated", endpoint_id, at=now)
    return Secret(secret)


@delete("/v1/operator/webhooks/{endpoint_id:uuid}", opt=ADMINISTRATOR, tags=TAGS, summary="End a subscription")
async def end(endpoint_id: FromPath[UUID], operator: NamedDependency[Actor]) -> None:
    """What waits is not sent any more; the log stays."""
    now = clock.utc_now()
    async with database.transaction():
        await webhooks.end(endpoint_id, reason="ended by an administrator", now=now)
        await _note(operator, "webhook.ended", endpoint_id, at=now)


@get("/v1/operator/webhooks/{endpoint_id:uuid}/messages", opt=ADMINISTRATOR, tags=TAGS, summary="Delivery log")
async def messages(
    endpoint_id: FromPath[UUID],
    operator: NamedDependency[Actor],
    message_state: Annotated[
        str | None, QueryParameter(pattern="^(waiting|delivered|dead)$", description="Only these.")
    ] = None,
) -> list[Attempted]:
    """The newest 100, with the last answer of the partner."""
    return await webhooks.log(endpoint_id, state=message_state)


@post("/v1/operator/webhooks/replay", opt=ADMINISTRATOR, tags=TAGS, summary="Send dead messages again", status_code=200)
async def replay(data: JSONBody[Replay], operator: NamedDependency[Actor]) -> Replayed:
    """The same ids and the same words, with a fresh schedule."""
    now = clock.utc_now()
    async with database.transaction():
        replayed = await leases.revive(data.message_ids, now=now)
        ids = [str(message) for message in data.message_ids]
        await audit.append(
            actor=operator.principal, action="webhook.replayed", subject="webhooks", at=now, detail={"ids": ids}
        )
    return Replayed(replayed)


ROUTES = [subscribe, endpoints, rotate, end, messages, replay]
