"""Calls to other machines, driven from rows: queue in a transaction, claim under a lease, call, record the outcome.

A sender gets a `Job` and answers `Done`, `Retry` or `Dead`; it runs with no transaction open. Jobs that share a
`queue` go strictly one after another: a later one waits until the earlier one is done or dead. The job id is the
idempotency key.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import database, trace
from domain.kernel.ids import new_id

LEASE_S = 60  # longer than any sender's total time-out, asserted where senders define theirs
OFFER_S = 20  # an offered but unclaimed job is offered again after this
CLAIM_MAX = 200


class Job(msgspec.Struct, frozen=True):
    """A claimed job."""

    id: UUID
    kind: str
    subject: str
    payload: Any
    attempts: int
    created_at: datetime
    origin: str | None = None  # the request that set it in motion


class Done(msgspec.Struct, frozen=True):
    """The other machine accepted it; `note` says how."""

    note: str = "ok"


class Retry(msgspec.Struct, frozen=True):
    """Not now. `after_s` is the other side's wish (Retry-After), else the kind's schedule counts.

    `counted=False`: no call was made (an open breaker), so the attempt does not use up the schedule.
    """

    note: str
    after_s: float | None = None
    counted: bool = True


class Dead(msgspec.Struct, frozen=True):
    """Never: trying again is pointless. A person decides."""

    note: str


Outcome = Done | Retry | Dead
Send = Callable[[Job], Awaitable[Outcome]]


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of job is sent, and how patient it is.

    `waits_s[n]` is the pause after attempt n+1; past the end the job is dead. Pauses are jittered by ±20 %.
    `died` runs in the transaction that buries the job, so that somebody is told.
    """

    send: Send
    waits_s: tuple[float, ...]
    died: Callable[[Job, str], Awaitable[None]] | None = None


Senders = Mapping[str, Sender]


async def queue(
    *,
    kind: str,
    subject: str,
    payload: object,
    now: datetime,
    in_order_of: str | None = None,
    job_id: UUID | None = None,
) -> UUID:
    """Adds a job inside the caller's transaction; a `job_id` that exists already changes nothing."""
    job_id = job_id or new_id()
    await database.execute(
        "insert into send_job (id, kind, subject, queue, payload, state, attempts, due_at, created_at, origin)"
        " values ($1, $2, $3, $4, $5::jsonb, 'pending', 0, $6, $6, $7) on conflict (id) do nothing",
        job_id,
        kind,
        subject,
        in_order_of,
        msgspec.json.encode(payload).decode(),
        now,
        trace.origin(),
    )
    return job_id


DUE = """
state = 'pending' and due_at <= $1 and (lease_until is null or lease_until < $1)
and not exists (select 1 from send_job earlier where earlier.queue = job.queue
                and earlier.state = 'pending' and earlier.seq < job.seq)
"""
OFFER = f"""
update send_job set lease_until = $1::timestamptz + make_interval(secs => $2), claimed = false
where id in (select id from send_job job where {DUE} order by due_at limit $3 for update skip locked)
returning id
"""
CLAIM = """
update send_job set lease_until = $1::timestamptz + make_interval(secs => $2), attempts = attempts + 1, claimed = true
where id in (select id from send_job where id = any($3) for update skip locked)
and state = 'pending' and due_at <= $1 and (not claimed or lease_until is null or lease_until < $1)
returning id, kind, subject, payload, attempts, created_at, origin
"""


async def offer(*, now: datetime, limit: int = CLAIM_MAX) -> list[UUID]:
    """Ids of due jobs, reserved for `OFFER_S` so that two relays do not publish the same."""
    return [row["id"] for row in await database.fetch(OFFER, now, OFFER_S, limit)]


async def release(job_ids: list[UUID]) -> None:
    """Offers jobs again at once: the message to the worker could not be published."""
    await database.execute("update send_job set lease_until = null where id = any($1) and state = 'pending'", job_ids)


async def claim(job_ids: list[UUID], *, now: datetime) -> list[Job]:
    """Takes offered jobs for `LEASE_S`; those another worker finished are left out."""
    rows = await database.fetch(CLAIM, now, LEASE_S, job_ids)
    return [
        Job(
            row["id"],
            row["kind"],
            row["subject"],
            msgspec.json.decode(row["payload"]),
            row["attempts"],
            row["created_at"],
            row["origin"],
        )
        for row in rows
    ]


async def record_outcome(job: Job, outcome: Outcome, *, sender: Sender, now: datetime) -> None:
    """Stores what the other machine said. A retry past the schedule buries the job."""
    if isinstance(outcome, Retry) and outcome.counted and job.attempts > len(sender.waits_s):
        outcome = Dead(f"gave up after {job.attempts} attempts: {outcome.note}")
    if isinstance(outcome, Retry):
        await _postpone(job, outcome, _wait_s(job, outcome, sender), now=now)
        return
    state = "done" if isinstance(outcome, Done) else "dead"
    async with database.transaction():
        await database.execute(
            "update send_job set state = $2, outcome = $3, finished_at = $4, lease_until = null"
            " where id = $1 and state = 'pending'",
            job.id,
            state,
            outcome.note[:500],
            now,
        )
        if isinstance(outcome, Dead) and sender.died is not None:
            await sender.died(job, outcome.note)


def _wait_s(job: Job, outcome: Retry, sender: Sender) -> float:
    """Jittered; never shorter than what the other side asked for."""
    if outcome.after_s is not None:
        return outcome.after_s * random.uniform(1.0, 1.2)
    return sender.waits_s[min(job.attempts, len(sender.waits_s)) - 1] * random.uniform(0.8, 1.2)


async def _postpone(job: Job, outcome: Retry, wait_s: float, *, now: datetime) -> None:
    await database.execute(
        "update send_job set due_at = $2::timestamptz + make_interval(secs => $3), lease_until = null, outcome = $4,"
        " attempts = attempts - $5 where id = $1 and state = 'pending'",
        job.id,
        now,
        wait_s,
        outcome.note[:500],
        0 if outcome.counted else 1,
    )


async def revive(job_ids: list[UUID], *, now: datetime) -> int:
    """Puts dead jobs back to pending; returns how many. Call it in a transaction with its audit entry."""
    tag = await database.execute(
        "update send_job set state = 'pending', attempts = 0, due_at = $2, finished_at = null, lease_until = null"
        " where id = any($1) and state = 'dead'",
        job_ids,
        now,
    )
    return int(tag.split()[-1])
