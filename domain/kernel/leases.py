"""Calls to other machines, driven from rows: queue in a transaction, claim under a lease, call, record the outcome.

A sender gets a `Job` and answers `Done`, `Retry` or `Dead`; it runs with no transaction open. What follows here from
the other machine's answer (`Sender.done`, `Sender.died`) commits with the outcome of the job. Jobs that share a `queue`
go strictly one after another: a later one waits until the earlier one is done or dead. The job id is the idempotency
key.
"""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
    """The other machine accepted it; `note` says how, `answer` is for `Sender.done`."""

    note: str = "ok"
    answer: Any = None


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
    `prepare` reads what a whole batch needs and returns the `send` for it. `done` gets the accepted jobs with what was
    answered, in the transaction that records it, and may get a job twice when its lease ran out meanwhile; `died` runs
    in the transaction that buries a job, so that somebody is told.
    """

    send: Send
    waits_s: tuple[float, ...]
    prepare: Callable[[Sequence[Job]], Awaitable[Send]] | None = None
    done: Callable[[Sequence[tuple[Job, Done]], datetime], Awaitable[None]] | None = None
    died: Callable[[Job, str], Awaitable[None]] | None = None


Senders = Mapping[str, Sender]


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job to be queued. A `job_id` that exists already changes nothing."""

    kind: str
    subject: str
    payload: object
    in_order_of: str | None = None
    job_id: UUID | None = None
    due_at: datetime
    origin: str | None = None


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
    job = NewJob(
        kind=kind,
        subject=subject,
        payload=payload,
        in_order_of=in_order_of,
        job_id=job_id,
        due_at=now,
        origin=trace.origin(),
    )
    await queue_all([job])
    return job_id


async def queue_all(jobs: Sequence[NewJob]) -> None:
    """Adds jobs in one statement, in this order, inside the caller's transaction."""
    rows = [
        (j.job_id or new_id(), j.kind, j.subject, j.in_order_of, _json(j.payload), j.due_at, j.origin) for j in jobs
    ]
    if rows:
        await database.execute(
            "insert into send_job (id, kind, subject, queue, payload, state, attempts, due_at, created_at, origin)"
            " select i, k, s, q, p, 'pending', 0, d, d, o from unnest($1::uuid[], $2::text[], $3::text[], $4::text[],"
            " $5::jsonb[], $6::timestamptz[], $7::text[]) with ordinality as j(i, k, s, q, p, d, o, n) order by n"
            " on conflict (id) do nothing",
            *(list(column) for column in zip(*rows, strict=True)),
        )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


# By the index `send_job_ready`: what others hold is not even looked at, however long the queue.
DUE = """
state = 'pending' and greatest(due_at, lease_until) <= $1
and (job.queue is null or job.seq = (
  select min(seq) from send_job first where first.queue = job.queue and first.state = 'pending'))
"""
OFFER = f"""
with due as (
  select id from send_job job where {DUE} order by greatest(due_at, lease_until) limit $3 for update skip locked)
update send_job j set lease_until = $1::timestamptz + make_interval(secs => $2), claimed = false
from due where j.id = due.id returning j.id
"""
CLAIM = """
with held as (
  select free.id from unnest($3::uuid[]) as wanted (id) cross join lateral (
    select id from send_job where id = wanted.id and state = 'pending' and due_at <= $1
    and (not claimed or lease_until is null or lease_until < $1) for update skip locked) free)
update send_job j set lease_until = $1::timestamptz + make_interval(secs => $2), attempts = attempts + 1, claimed = true
from held where j.id = held.id
returning j.id, kind, subject, payload, attempts, created_at, origin
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
    await record_outcomes([(job, outcome)], sender=sender, now=now)


async def record_outcomes(said: Sequence[tuple[Job, Outcome]], *, sender: Sender, now: datetime) -> None:
    """The same for jobs of one kind: one transaction for all that were accepted, one for each that died."""
    accepted = [(job, outcome) for job, outcome in said if isinstance(outcome, Done)]
    if accepted:
        async with database.transaction():
            await database.execute(
                FINISH, [job.id for job, _ in accepted], "done", [outcome.note[:500] for _, outcome in accepted], now
            )
            if sender.done is not None:
                await sender.done(accepted, now)
    for job, outcome in said:
        if isinstance(outcome, Retry) and outcome.counted and job.attempts > len(sender.waits_s):
            await _bury(job, f"gave up after {job.attempts} attempts: {outcome.note}", sender=sender, now=now)
        elif isinstance(outcome, Retry):
            await _postpone(job, outcome, _wait_s(job, outcome, sender), now=now)
        elif isinstance(outcome, Dead):
            await _bury(job, outcome.note, sender=sender, now=now)


FINISH = """
update send_job j set state = $2, outcome = n.note, finished_at = $4, lease_until = null
from unnest($1::uuid[], $3::text[]) as n(id, note) where j.id = n.id and j.state = 'pending'
"""


async def _bury(job: Job, note: str, *, sender: Sender, now: datetime) -> None:
    async with database.transaction():
        await database.execute(FINISH, [job.id], "dead", [note[:500]], now)
        if sender.died is not None:
            await sender.died(job, note)


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
