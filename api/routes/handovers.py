"""Messages to the case platform that were given up: seen, edited, replayed, abandoned, each with its reason."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.actors import Actor, require_role
from api.pages import Limit
from domain.cases import dead_letters
from domain.cases.dead_letters import Edits, Letter
from domain.kernel import clock, database
from domain.kernel.errors import NotFound

TAGS = ["Hand-overs"]
OPERATOR = {"audience": "operator"}
CLERKS = ("clerk", "reviewer", "administrator")
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Since = Annotated[datetime, QueryParameter(description="Given up at or after")]
Until = Annotated[datetime, QueryParameter(description="Given up before")]


class Period(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Messages given up in this period."""

    since: Annotated[datetime, msgspec.Meta(tz=True)]
    until: Annotated[datetime, msgspec.Meta(tz=True)]
    reason: Reason


class Because(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Reason


class Edited(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change in one message, and why."""

    edits: Edits
    reason: Reason


class Replayed(msgspec.Struct, frozen=True):
    """How many messages are sent again."""

    replayed: int


@get("/v1/operator/handovers/dead", opt=OPERATOR, tags=TAGS, summary="Messages that were given up")
async def dead(operator: NamedDependency[Actor], since: Since, until: Until, limit: Limit = 50) -> list[Letter]:
    """Given up in the period, the latest first, with what was changed in them since."""
    return await dead_letters.dead(since=since, until=until, limit=limit)


@post("/v1/operator/handovers/{job_id:uuid}/edit", opt=OPERATOR, tags=TAGS, summary="Edit a message", status_code=204)
async def edit(job_id: FromPath[UUID], data: JSONBody[Edited], operator: NamedDependency[Actor]) -> None:
    """Changes what the platform refused in a dead message, and in this message alone; then replay it."""
    require_role(operator, *CLERKS)
    async with database.transaction():
        await dead_letters.edit(job_id, data.edits, by=operator.principal, reason=data.reason, now=clock.utc_now())


@post("/v1/operator/handovers/replay", opt=OPERATOR, tags=TAGS, summary="Replay a period", status_code=200)
async def replay(data: JSONBody[Period], operator: NamedDependency[Actor]) -> Replayed:
    """Every message to the platform that was given up in the period is sent again, at most 1,000 a call."""
    require_role(operator, *CLERKS)
    async with database.transaction():
        done = await dead_letters.replay_range(
            since=data.since, until=data.until, by=operator.principal, reason=data.reason, now=clock.utc_now()
        )
    return Replayed(done)


@post("/v1/operator/handovers/{job_id:uuid}/abandon", opt=OPERATOR, tags=TAGS, summary="Abandon", status_code=204)
async def abandon(job_id: FromPath[UUID], data: JSONBody[Because], operator: NamedDependency[Actor]) -> None:
    """Closes a dead message for good; it stays readable with the reason."""
    require_role(operator, *CLERKS)
    now = clock.utc_now()
    async with database.transaction():
        if not await dead_letters.abandon(job_id, by=operator.principal, reason=data.reason, now=now):
            raise NotFound


ROUTES = [dead, edit, replay, abandon]
