"""The kernel's own chores, driven by `Ticked` events."""

from datetime import datetime, timedelta

from domain.kernel import audit, database, idempotency, outbox
from domain.kernel.clock import DISTRICT_ZONE
from domain.kernel.events import Ticked

OUTBOX_KEPT = timedelta(days=14)  # done events and their handled rows
TICK_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}


def boundary(every: str, now: datetime) -> datetime:
    """The beginning of the running minute, hour or day in the district's zone."""
    local = now.astimezone(DISTRICT_ZONE).replace(second=0, microsecond=0)
    if every != "minute":
        local = local.replace(minute=0)
    return local.replace(hour=0) if every == "day" else local


async def tick(*, now: datetime) -> int:
    """Records the `Ticked` events that are due; each boundary once, however many relays ask. Returns how many."""
    recorded = 0
    for every in TICK_SECONDS:
        at = boundary(every, now)
        async with database.transaction():
            tag = await database.execute(
                "insert into tick (every, at) values ($1, $2)"
                " on conflict (every) do update set at = excluded.at where tick.at < excluded.at",
                every,
                at,
            )
            if tag.endswith(" 1"):
                await outbox.record(Ticked(every=every, at=at), at=now)
                recorded += 1
    return recorded


async def forget_old_answers(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Idempotency answers older than their term go hourly."""
    if event.every == "hour":
        await idempotency.forget_old(now=at)


async def seal_audit(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Seals what settled since the last minute."""
    if event.every == "minute":
        await audit.seal(now=at)


async def tidy_outbox(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Done events leave after `OUTBOX_KEPT`; what is open or dead stays."""
    if event.every == "day":
        old = at - OUTBOX_KEPT
        await database.execute(
            "delete from handled_event where event in (select id from outbox_event where done_at < $1)", old
        )
        await database.execute("delete from outbox_event where done_at < $1", old)
