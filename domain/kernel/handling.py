"""Drives handlers over recorded events, so that each handler's effect happens once.

For one handler a whole batch is tried in one transaction; when it fails, its events are tried one by one, so a poisoned
event delays only itself. "Handled by H" commits with the effect of H.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.kernel import database, outbox, trace
from domain.kernel.events import Event, Handler, decode

log = logging.getLogger(__name__)

Subscribers = Mapping[type[Event], Sequence[Handler]]


class Recorded:
    """An event as read back from the outbox."""

    __slots__ = ("at", "event", "id", "origin")

    def __init__(self, *, event_id: int, at: datetime, event: Event, origin: str | None) -> None:
        """`at` is the moment of recording, `origin` the request that led to it."""
        self.id, self.at, self.event, self.origin = event_id, at, event, origin


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
        for handler in subscribers.get(kind, ()):
            failed |= await _run(handler, batch)
    if done := [recorded.id for batch in batches.values() for recorded in batch if recorded.id not in failed]:
        await outbox.finish(done, now=now)
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
            read.append(Recorded(event_id=row["id"], at=row["recorded_at"], event=event, origin=row["origin"]))
        except (KeyError, ValueError) as error:
            failed[row["id"]] = f"cannot be read: {error!r}"
    return read


async def _run(handler: Handler, batch: Sequence[Recorded]) -> dict[int, str]:
    """The ids that failed under this handler, with the error."""
    try:
        await _in_one_transaction(handler, batch)
    except Exception as error:  # noqa: BLE001 - whatever a handler does wrong must not stop the others
        log.warning("handler_failed", extra={"handler": handler_name(handler), "error": repr(error)})
        if len(batch) == 1:
            return {batch[0].id: f"{handler_name(handler)}: {error!r}"}
    else:
        return {}
    failed: dict[int, str] = {}
    for recorded in batch:
        failed |= await _run(handler, [recorded])
    return failed


async def _in_one_transaction(handler: Handler, batch: Sequence[Recorded]) -> None:
    async with database.transaction():
        rows = await database.fetch(
            "insert into handled_event (event, handler) select unnest($1::bigint[]), $2"
            " on conflict do nothing returning event",
            [recorded.id for recorded in batch],
            handler_name(handler),
        )
        fresh = {row["event"] for row in rows}
        for recorded in batch:
            if recorded.id in fresh:
                with trace.of(recorded.origin):
                    await handler(recorded.event, event_id=recorded.id, at=recorded.at)
