"""Drives handlers over recorded events, so that each handler's effect happens once.

All handlers of a batch of one kind, and the mark that the events are done, are one transaction: what usually happens
costs one commit. When anything in it fails, nothing of it has happened, and the events are handled one by one, each
handler in a transaction of its own that also writes "handled by H"; so a poisoned event delays only itself.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from domain.kernel import database, outbox, trace
from domain.kernel.events import Event, Handler, decode

log = logging.getLogger(__name__)

Subscribers = Mapping[type[Event], Sequence[Handler]]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event as read back from the outbox: `at` is the moment of recording, `origin` the request that led to it."""

    id: int
    at: datetime
    event: Any  # of the class the handler subscribed to
    origin: str | None = None


class together:  # noqa: N801 - a decorator
    """A handler that takes all events of a batch in a fixed number of statements. Made by decorating a function.

    Called like any handler it takes the one event. What it records or queues for others names each event's origin
    itself, because a batch has many.
    """

    def __init__(self, take: Callable[[Sequence[Recorded]], Awaitable[None]]) -> None:
        """`take` gets at least one event; all are of one kind."""
        self.take = take
        self.__doc__, self.__module__ = take.__doc__, take.__module__
        self.__name__ = getattr(take, "__name__", "take")

    async def __call__(self, event: Event, /, *, event_id: int, at: datetime) -> None:
        """One event alone."""
        await self.take([Recorded(id=event_id, at=at, event=event, origin=trace.origin())])


def handler_name(handler: Handler) -> str:
    """The stable name under which a handler's work is remembered: `package.module.function`."""
    return f"{handler.__module__}.{getattr(handler, '__name__', type(handler).__name__)}"


async def handle(event_ids: Sequence[int], *, subscribers: Subscribers, now: datetime) -> None:
    """Runs every subscriber of every event; marks the events done, or postpones those with a failed handler."""
    failed: dict[int, str] = {}
    batches: dict[type[Event], list[Recorded]] = {}
    for recorded in await _read(event_ids, failed):
        batches.setdefault(type(recorded.event), []).append(recorded)
    for kind, batch in batches.items():
        handlers = subscribers.get(kind, ())
        if kind.apart or not await _all_at_once(batch, handlers, now=now):
            for recorded in batch:
                failed |= await _one_by_one(recorded, handlers, now=now)
    for event_id, error in failed.items():
        await outbox.postpone(event_id, error=error, now=now)
    database.committed()


async def _read(event_ids: Sequence[int], failed: dict[int, str]) -> list[Recorded]:
    rows = await database.fetch(
        "select id, name, payload, recorded_at, origin from outbox_event"
        " where id = any($1) and done_at is null order by id",
        list(event_ids),
    )
    read = []
    for row in rows:
        try:
            event = decode(row["name"], row["payload"])
            read.append(Recorded(id=row["id"], at=row["recorded_at"], event=event, origin=row["origin"]))
        except (KeyError, ValueError) as error:
            failed[row["id"]] = f"cannot be read: {error!r}"
    return read


LOCK = "select id from outbox_event where id = any($1) and done_at is null order by id for update skip locked"
HANDLED = "select event, handler from handled_event where event = any($1)"


async def _all_at_once(batch: Sequence[Recorded], handlers: Sequence[Handler], *, now: datetime) -> bool:
    """Whether it went well. Events another worker holds are left to it."""
    try:
        async with database.transaction():
            ids = [row["id"] for row in await database.fetch(LOCK, [recorded.id for recorded in batch])]
            if not ids:
                return True
            held = frozenset(ids)
            # Asked after the lock: an earlier try may have handled some of it one by one.
            handled = {(row["event"], row["handler"]) for row in await database.fetch(HANDLED, ids)}
            for handler in handlers:
                name = handler_name(handler)
                await _call(handler, [r for r in batch if r.id in held and (r.id, name) not in handled])
            await outbox.finish(ids, now=now)
    except Exception as error:  # noqa: BLE001 - whatever a handler does wrong must not stop the others
        log.warning("batch_failed", extra={"event": type(batch[0].event).__name__, "error": repr(error)})
        return False
    return True


async def _one_by_one(recorded: Recorded, handlers: Sequence[Handler], *, now: datetime) -> dict[int, str]:
    """Each handler commits for itself; the event is done when none failed. Else its id with the last error."""
    failed: dict[int, str] = {}
    for handler in handlers:
        try:
            await _apart(recorded, handler)
        except Exception as error:  # noqa: BLE001 - whatever a handler does wrong must not stop the others
            log.warning("handler_failed", extra={"handler": handler_name(handler), "error": repr(error)})
            failed[recorded.id] = f"{handler_name(handler)}: {error!r}"
    if not failed:
        await outbox.finish([recorded.id], now=now)
    return failed


APART = """
with held as (select id from outbox_event where id = $1 and done_at is null for update)
insert into handled_event (event, handler) select id, $2 from held on conflict do nothing returning event
"""


async def _apart(recorded: Recorded, handler: Handler) -> None:
    async with database.transaction():
        fresh = await database.fetch_value(
            APART,
            recorded.id,
            handler_name(handler),
        )
        if fresh is not None:
            await _call(handler, [recorded])


async def _call(handler: Handler, batch: Sequence[Recorded]) -> None:
    if isinstance(handler, together):
        if batch:
            await handler.take(batch)
        return
    for recorded in batch:
        with trace.of(recorded.origin):
            await handler(recorded.event, event_id=recorded.id, at=recorded.at)
