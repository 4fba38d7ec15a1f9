"""What recurs: unclaimed and expired photographs go, unanswered checks are asked again, objects and rows are compared.

Driven by `Ticked`; chores write rows and queue jobs, and never wait for the store.
"""

from datetime import datetime, timedelta

from domain.kernel import database, leases
from domain.kernel.clock import local_day
from domain.kernel.events import Handler, Ticked
from media import screening, withdrawal

BATCH_MAX = 1_000
SWEEP_JOB = "photo-sweep"
SWEPT = ("incoming/", "original/", "copy/")


async def delete_due(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Photographs past their term (24 h when nobody claimed them) are deleted, unless held."""
    if event.every != "minute":
        return
    rows = await database.fetch(
        "select id, subject from photo where delete_after < $1 and deleted_at is null and held_at is null"
        " order by delete_after limit $2",
        at,
        BATCH_MAX,
    )
    unclaimed = [row["id"] for row in rows if row["subject"] is None]
    expired = [row["id"] for row in rows if row["subject"] is not None]
    await withdrawal.bury(unclaimed, actor="system", reason="never claimed", now=at)
    await withdrawal.bury(expired, actor="system", reason="end of the retention period", now=at)


async def delete_stale_forms(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Direct uploads nobody confirmed: the form goes an hour after it expired, and whatever was sent with it."""
    if event.every != "hour":
        return
    rows = await database.fetch(
        "delete from photo_upload where photo is null and expires_at < $1::timestamptz - interval '1 hour'"
        " returning object_key",
        at,
    )
    if rows:
        await withdrawal.queue_deletion([row["object_key"] for row in rows], subject="photo:forms", now=at)


async def chase_checks(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Content checks without an answer are asked once more, then go to a person."""
    if event.every == "minute":
        await screening.overdue(now=at)


async def start_sweep(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Daily: compares the store with the rows, one job per kind of object."""
    if event.every != "day":
        return
    for prefix in SWEPT:
        await leases.queue(
            kind=SWEEP_JOB, subject=f"photo:sweep:{prefix}", payload={"prefix": prefix, "after": ""}, now=at
        )


async def forget_quotas(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """What senders sent on days before yesterday is counted no longer."""
    if event.every == "day":
        await database.execute("delete from photo_quota where day < $1", local_day(at - timedelta(days=1)))


CHORES: tuple[Handler, ...] = (delete_due, delete_stale_forms, chase_checks, start_sweep, forget_quotas)
