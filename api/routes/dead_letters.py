"""What could not be delivered: calls to other machines, and events whose handler kept failing; officers retry them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.actors import Actor, require_role
from api.pages import Cursor, Limit, Page, decode_cursor, page_of
from domain.kernel import audit, clock, database, leases
from domain.kernel.outbox import ATTEMPTS_MAX

TAGS = ["Delivery"]
OPERATOR = {"audience": "operator"}
IDS_MAX = 200
JobState = Annotated[
    str, QueryParameter(pattern="^(pending|done|dead)$", description="pending, done or dead (the default).")
]
Kind = Annotated[str | None, QueryParameter(max_length=40, description="Only calls of this kind, as `forward`.")]
Subject = Annotated[str | None, QueryParameter(max_length=120, description="Only calls about this, as `case:<id>`.")]


EventId = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A call to another machine. What was sent is not shown."""

    id: UUID
    kind: str
    subject: str
    state: Annotated[str, msgspec.Meta(description="pending, done or dead")]
    attempts: int
    due_at: datetime
    created_at: datetime
    finished_at: datetime | None
    outcome: Annotated[str | None, msgspec.Meta(description="The last answer or failure.")]


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """An event whose handler failed until nobody tried any more."""

    id: int
    name: str
    recorded_at: datetime
    attempts: int
    error: Annotated[str | None, msgspec.Meta(description="The last failure.")]


class Jobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls to try again."""

    job_ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=IDS_MAX, description="Dead calls.")]


class Events(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events to handle again."""

    event_ids: Annotated[list[EventId], msgspec.Meta(min_length=1, max_length=IDS_MAX, description="Dead events.")]


class Revived(msgspec.Struct, frozen=True):
    """How many will be tried again; those that were not dead are left alone."""

    revived: int


JOBS = """
select id, kind, subject, state, attempts, due_at, created_at, finished_at, outcome, seq from send_job
where state = $1 and ($2::text is null or kind = $2) and ($3::text is null or subject = $3)
and ($4::bigint is null or seq < $4) order by seq desc limit $5
"""


@get("/v1/operator/send-jobs", opt=OPERATOR, tags=TAGS, summary="Calls to other machines")
async def jobs(
    operator: NamedDependency[Actor],
    job_state: JobState = "dead",
    kind: Kind = None,
    subject: Subject = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[JobView]:
    """Newest first; by default the dead ones, which wait for an officer."""
    place = decode_cursor(cursor, tuple[int])
    rows = await database.fetch(JOBS, job_state, kind, subject, place[0] if place else None, limit + 1)
    return page_of(rows, limit=limit, key=("seq",), items=[_job(row) for row in rows])


def _job(row: Any) -> JobView:
    return JobView(**{name: row[name] for name in JobView.__struct_fields__})


@post("/v1/operator/send-jobs/revive", opt=OPERATOR, tags=TAGS, summary="Try dead calls again", status_code=200)
async def revive(data: JSONBody[Jobs], operator: NamedDependency[Actor]) -> Revived:
    """Puts dead calls back in the queue with a fresh schedule, under their old idempotency keys."""
    require_role(operator, "clerk", "reviewer", "administrator")
    now = clock.utc_now()
    async with database.transaction():
        revived = await leases.revive(data.job_ids, now=now)
        await _note(operator, "send_job.revived", [str(job_id) for job_id in data.job_ids], at=now)
    return Revived(revived)


@get("/v1/operator/dead-events", opt=OPERATOR, tags=TAGS, summary="Events nobody could handle")
async def dead_events(operator: NamedDependency[Actor]) -> list[EventView]:
    """Oldest first, at most 200."""
    rows = await database.fetch(
        "select id, name, recorded_at, attempts, error from outbox_event"
        " where done_at is null and attempts >= $1 order by id limit $2",
        ATTEMPTS_MAX,
        IDS_MAX,
    )
    return [EventView(**dict(row)) for row in rows]


@post("/v1/operator/dead-events/revive", opt=OPERATOR, tags=TAGS, summary="Handle dead events again", status_code=200)
async def revive_events(data: JSONBody[Events], operator: NamedDependency[Actor]) -> Revived:
    """Offers dead events to their handlers again; each handler's effect still happens once."""
    require_role(operator, "clerk", "reviewer", "administrator")
    now = clock.utc_now()
    async with database.transaction():
        tag = await database.execute(
            "update outbox_event set attempts = 0, lease_until = null"
            " where id = any($1::bigint[]) and done_at is null and attempts >= $2",
            data.event_ids,
            ATTEMPTS_MAX,
        )
        await _note(operator, "outbox_event.revived", data.event_ids, at=now)
    return Revived(int(tag.split()[-1]))


async def _note(operator: Actor, action: str, ids: list[Any], *, at: datetime) -> None:
    await audit.append(actor=operator.principal, action=action, subject="delivery", at=at, detail={"ids": ids})


ROUTES = [jobs, revive, dead_events, revive_events]
