"""Events leave the transaction as rows; the relay hands their ids to workers; nothing is lost with the broker.

An event is open until `done_at` is set. `claim` leases open events whose lease ran out, so a crashed worker or an
emptied broker only costs the lease time: the relay is its own sweeper.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.kernel import database, trace
from domain.kernel.events import Event, encode

LEASE_S = 20  # a claimed event is offered again after this, so a lost one is re-driven within 30 s
CLAIM_MAX = 500  # ids per claim
ATTEMPTS_MAX = 12  # then the event is dead: visible to operators, replayed by hand
RETRY_BASE_S = 2  # first retry of a failed handler; doubles up to RETRY_MAX_S
RETRY_MAX_S = 600

# By the index `outbox_event_ready`: what others hold is not even looked at, however long the queue.
CLAIM = f"""
with free as (
  select id from outbox_event
  where done_at is null and attempts < {ATTEMPTS_MAX} and coalesce(lease_until, '-infinity') < $1
  order by coalesce(lease_until, '-infinity'), id limit $3 for update skip locked)
update outbox_event e set lease_until = $1::timestamptz + make_interval(secs => $2)
from free where e.id = free.id returning e.id
"""


async def record(event: Event, *, at: datetime) -> int:
    """Appends the fact inside the caller's transaction; returns the event id."""
    if not database.in_transaction():
        raise RuntimeError("an event is recorded in the transaction of its fact")
    event_id: int = await database.fetch_value(
        "insert into outbox_event (name, payload, recorded_at, attempts, origin)"
        " values ($1, $2::jsonb, $3, 0, $4) returning id",
        type(event).__name__,
        encode(event).decode(),
        at,
        trace.origin(),
    )
    return event_id


async def record_all(events: Sequence[Event], *, at: datetime) -> None:
    """Appends many facts in one round trip, in this order."""
    await record_each([(event, at, trace.origin()) for event in events])


async def record_each(facts: Sequence[tuple[Event, datetime, str | None]]) -> None:
    """The same for facts of different moments and requests: (event, when, origin)."""
    if not database.in_transaction():
        raise RuntimeError("an event is recorded in the transaction of its fact")
    if not facts:
        return
    await database.execute(
        "insert into outbox_event (name, payload, recorded_at, attempts, origin)"
        " select n, p, a, 0, o from unnest($1::text[], $2::jsonb[], $3::timestamptz[], $4::text[])"
        " with ordinality as e(n, p, a, o, i) order by i",
        [type(event).__name__ for event, _, _ in facts],
        [encode(event).decode() for event, _, _ in facts],
        [at for _, at, _ in facts],
        [origin for _, _, origin in facts],
    )


async def claim(*, now: datetime, limit: int = CLAIM_MAX) -> list[int]:
    """Leases up to `limit` open events for `LEASE_S` and returns their ids in order."""
    rows = await database.fetch(CLAIM, now, LEASE_S, limit)
    return sorted(row["id"] for row in rows)


async def release(event_ids: list[int]) -> None:
    """Offers events again at once: the message to the worker could not be published."""
    await database.execute(
        "update outbox_event set lease_until = null where id = any($1) and done_at is null", event_ids
    )


async def finish(event_ids: list[int], *, now: datetime) -> None:
    """Every subscriber has handled these."""
    await database.execute("update outbox_event set done_at = $2, error = null where id = any($1)", event_ids, now)


async def postpone(event_id: int, *, error: str, now: datetime) -> None:
    """A handler failed: try again later, with doubling waits, until `ATTEMPTS_MAX`."""
    await database.execute(
        "update outbox_event set attempts = attempts + 1, error = $2, lease_until = $3::timestamptz"
        " + make_interval(secs => least($4 * power(2, attempts), $5)) where id = $1",
        event_id,
        error[:500],
        now,
        float(RETRY_BASE_S),
        float(RETRY_MAX_S),
    )


async def oldest_age(*, now: datetime) -> timedelta:
    """How long the oldest open event has waited; zero when none is open."""
    oldest = await database.fetch_value("select min(recorded_at) from outbox_event where done_at is null")
    return now - oldest if oldest else timedelta(0)
