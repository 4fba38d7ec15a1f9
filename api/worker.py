"""The Celery app: three tasks (relay, handle, send), one beat table, one event loop and pool per child.

PostgreSQL is the truth; Celery only makes it prompt. A message carries a batch of row ids and may be lost or doubled:
leases in the rows make both harmless. `relay` runs each second from beat and after commits (see `api.wakeup`).
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown
from kombu.exceptions import OperationalError

from api import logs
from api.parts import Parts, open_parts
from api.wiring import SUBSCRIBERS, senders
from domain.kernel import chores, clock, database, handling, leases, outbox, settings, trace
from notifications import stream

log = logging.getLogger(__name__)

RELAY_EVERY_S = 1.0
EVENTS_PER_MESSAGE = 100
JOBS_PER_MESSAGE = 40
SENDS_AT_ONCE = 20  # calls one child has under way
RECORD_EVERY_S = 0.1  # outcomes of a batch are stored together, at the latest after this
GATHER_S = 0.03  # after a round that found little, this child waits so long for more: many at a time cost less
LITTLE = 10  # rows
OPEN_AGAIN_S = 0.5  # while the database is down
VISIBILITY_TIMEOUT_S = 90  # the broker offers an unacknowledged message again; tasks are shorter than this
assert leases.LEASE_S < VISIBILITY_TIMEOUT_S


def make_app() -> Celery:
    """The Celery app for the configured broker."""
    chosen = settings.current()
    made = Celery("green_whistle", broker=chosen.broker_url or chosen.redis_url or "memory://")
    made.conf.update(
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=2,
        broker_transport_options={
            "visibility_timeout": VISIBILITY_TIMEOUT_S,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
        },
        task_publish_retry=False,
        beat_scheduler="celery.beat:Scheduler",
        beat_schedule={"relay": {"task": "relay", "schedule": RELAY_EVERY_S, "options": {"expires": 5}}},
        timezone="UTC",
    )
    return made


app = make_app()
_loop: list[asyncio.AbstractEventLoop] = []
_parts: list[Parts] = []
_minute: list[datetime] = []  # the last one this child asked about
_stack: list[AsyncExitStack] = []
_round = [0.0, LITTLE]  # when this child last relayed, by its monotonic clock, and how many rows that round found


@setup_logging.connect
def _log(**_: object) -> None:
    logs.configure(settings.current())


@worker_process_init.connect
def open_child(**_: object) -> None:
    """One loop and one pool for this child, opened after the fork.

    Waits for a database that is down: Celery keeps a child whose start failed, and without a pool it would take tasks
    and fail them for ever.
    """
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()
    _loop[:], _stack[:] = [loop], [stack]
    while not _parts:
        try:
            _parts[:] = [loop.run_until_complete(stack.enter_async_context(open_parts(settings.current())))]
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("database_is_down", extra={"error": repr(error)})
            time.sleep(OPEN_AGAIN_S)


@worker_process_shutdown.connect
def close_child(**_: object) -> None:
    """Closes what `open_child` opened."""
    if _loop:
        _loop[0].run_until_complete(_stack[0].aclose())
        _loop[0].close()


def _run(work: Coroutine[Any, Any, None]) -> None:
    _loop[0].run_until_complete(work)


def _publish(task: str, ids: list[Any]) -> bool:
    """Whether the broker took the message; the rows' leases cover the other case."""
    try:
        app.send_task(task, args=[ids])
    except (OperationalError, OSError) as error:
        log.warning("publish_failed", extra={"task": task, "error": repr(error)})
        return False
    return True


@app.task(name="relay")
def relay() -> None:
    """Offers open events and due jobs to workers, in batches of ids."""
    _run(relay_once())


@app.task(name="handle")
def handle(event_ids: list[int]) -> None:
    """Runs the subscribers of these events, then offers the jobs they queued."""
    _run(handle_batch(event_ids))


@app.task(name="send")
def send(job_ids: list[str]) -> None:
    """Calls other machines for these jobs."""
    _run(send_batch([UUID(job_id) for job_id in job_ids], parts=_parts[0]))


async def relay_once() -> None:
    """One round: ticks, open events, due jobs. What cannot be published is released at once."""
    now = clock.utc_now()
    await _tick(now)
    event_ids = await outbox.claim(now=now)
    for start in range(0, len(event_ids), EVENTS_PER_MESSAGE):
        batch = event_ids[start : start + EVENTS_PER_MESSAGE]
        if not _publish("handle", batch):
            await outbox.release(batch)
    job_ids = await leases.offer(now=now)
    _round[:] = [time.monotonic(), len(event_ids) + len(job_ids)]
    for start in range(0, len(job_ids), JOBS_PER_MESSAGE):
        jobs = job_ids[start : start + JOBS_PER_MESSAGE]
        if not _publish("send", [str(job_id) for job_id in jobs]):
            await leases.release(jobs)


async def relay_soon() -> None:
    """A round for what this child has just set in motion."""
    began, found = _round
    wait_s = began + GATHER_S - time.monotonic()
    if wait_s > 0 and found < LITTLE:
        await asyncio.sleep(wait_s)
    await relay_once()


async def _tick(now: datetime) -> None:
    """Asks the database once a minute and child; the row decides which child records the tick."""
    minute = chores.boundary("minute", now)
    if _minute and _minute[0] >= minute:
        return
    await chores.tick(now=now)
    _minute[:] = [minute]


async def handle_batch(event_ids: list[int]) -> None:
    """Handles the batch, then relays what it produced without waiting for beat."""
    await handling.handle(event_ids, subscribers=SUBSCRIBERS, now=clock.utc_now())
    if _parts:
        await stream.wake(_parts[0].redis)  # phones that are looking
    await relay_soon()


async def send_batch(job_ids: list[UUID], *, parts: Parts) -> None:
    """Claims, calls with no transaction open, records the outcomes; then relays what followed."""
    known = senders(parts)
    by_kind: dict[str, list[leases.Job]] = {}
    for job in await leases.claim(job_ids, now=clock.utc_now()):
        by_kind.setdefault(job.kind, []).append(job)
    gate = asyncio.Semaphore(SENDS_AT_ONCE)
    await asyncio.gather(*(_send_kind(jobs, known.get(kind), gate=gate) for kind, jobs in by_kind.items()))
    await relay_soon()


async def _send_kind(jobs: list[leases.Job], sender: leases.Sender | None, *, gate: asyncio.Semaphore) -> None:
    """Outcomes are recorded as they come, many at a time: one call that hangs holds nobody up."""
    if sender is None:
        log.error("no_sender", extra={"kind": jobs[0].kind})
        return  # the leases run out; a newer worker that knows the kind takes them
    try:
        send = sender.send if sender.prepare is None else await sender.prepare(jobs)
    except Exception:  # a bug in one sender must not stop the others
        log.exception("sender_failed", extra={"kind": jobs[0].kind})
        send = sender.send
    calls = {asyncio.create_task(_call(job, send, gate=gate)): job for job in jobs}
    waiting = set(calls)
    while waiting:
        finished, waiting = await asyncio.wait(waiting, timeout=RECORD_EVERY_S)
        if finished:
            await _record([(calls[call], call.result()) for call in finished], sender)


async def _call(job: leases.Job, send: leases.Send, *, gate: asyncio.Semaphore) -> leases.Outcome:
    async with gate:
        try:
            with trace.of(job.origin):
                return await send(job)
        except Exception as error:  # a bug in one sender must not stop the batch
            log.exception("sender_failed", extra={"kind": job.kind})
            return leases.Retry(f"failed here: {type(error).__name__}")


async def _record(said: list[tuple[leases.Job, leases.Outcome]], sender: leases.Sender) -> None:
    """All at once; when that fails, each by itself, and what cannot be recorded is called again after its lease."""
    try:
        await leases.record_outcomes(said, sender=sender, now=clock.utc_now())
    except Exception:  # one answer that cannot be stored must not take the others with it
        log.exception("outcomes_not_recorded", extra={"kind": said[0][0].kind, "jobs": len(said)})
        if len(said) > 1:
            for one in said:
                await _record([one], sender)
    database.committed()
