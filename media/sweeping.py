"""Settling what a crash between store and database left behind: objects without rows, rows without objects."""

from datetime import datetime, timedelta

from domain.kernel import clock, database, leases, outbox
from domain.kernel.errors import TryLater
from domain.kernel.leases import Done, Job, Outcome, Retry, Sender
from media import custody
from media.chores import SWEEP_JOB
from media.events import PhotoObjectMissing
from media.store import Store, StoredObject

PAGE_MAX = 1_000
YOUNG = timedelta(hours=24)  # an object this young may belong to an upload that is still running
WAITS_S = (30.0, 300.0, 3_600.0, 21_600.0)
KNOWN = {
    "incoming/": "select object_key from photo_upload where object_key = any($1)",
    "original/": "select original_key from photo where original_key = any($1)",
    "copy/": "select copies_key from photo where copies_key = any($1)",
}
EXPECTED = {
    prefix: f'select id, {column} as key from photo where {column} collate "C" > $1 and {column} collate "C" <= $2'
    " and received_at < $3 and missing_at is null"
    for prefix, column in (("original/", "original_key"), ("copy/", "copies_key"))
}
LAST_KEY = "~"  # sorts behind every key of ours


def sweeper(store: Store) -> Sender:
    """The sender of `photo-sweep` jobs: one page of a listing per job, each queueing the next."""

    async def send(job: Job) -> Outcome:
        try:
            return await sweep(store, prefix=job.payload["prefix"], after=job.payload["after"], now=clock.utc_now())
        except TryLater:
            return Retry("the store does not answer")

    return Sender(send=send, waits_s=WAITS_S)


async def sweep(store: Store, *, prefix: str, after: str, now: datetime) -> Outcome:
    """Deletes orphans of one page, reports rows whose object is gone, and queues the next page."""
    found = await store.listing(prefix, after=after, limit=PAGE_MAX)
    orphans = await _orphans(found, prefix=prefix, now=now)
    await store.delete(orphans)
    full = len(found) == PAGE_MAX
    end = found[-1].key if full else prefix + LAST_KEY
    missing = await _missing(store, found, prefix=prefix, after=after or prefix, end=end, now=now)
    if full:
        async with database.transaction():
            payload = {"prefix": prefix, "after": end}
            await leases.queue(kind=SWEEP_JOB, subject=f"photo:sweep:{prefix}", payload=payload, now=now)
    return Done(f"{len(found)} objects, {len(orphans)} orphans deleted, {missing} missing")


def _name(key: str) -> str:
    """The value the row keeps: copies are known by their prefix."""
    return key.rsplit("/", 1)[0] if key.startswith("copy/") else key


async def _is_there(store: Store, key: str) -> bool:
    """Asks again: a redaction may have made new copies since the listing."""
    return await store.size(f"{key}/large.jpg" if key.startswith("copy/") else key) is not None


async def _orphans(found: list[StoredObject], *, prefix: str, now: datetime) -> list[str]:
    old = [entry.key for entry in found if entry.stored_at < now - YOUNG]
    rows = await database.fetch(KNOWN[prefix], [_name(key) for key in old])
    known = {row[0] for row in rows}
    return [key for key in old if _name(key) not in known]


async def _missing(store: Store, found: list[StoredObject], *, prefix: str, after: str, end: str, now: datetime) -> int:
    if prefix not in EXPECTED:
        return 0
    there = {_name(entry.key) for entry in found}
    rows = await database.fetch(EXPECTED[prefix], _name(after), _name(end), now - YOUNG)
    gone = [row["id"] for row in rows if row["key"] not in there and not await _is_there(store, row["key"])]
    which = "original" if prefix == "original/" else "copies"
    for photo in gone:
        async with database.transaction():
            await database.execute("update photo set missing_at = $2 where id = $1", photo, now)
            await custody.append(photo, "missing", actor="system", at=now, reason=which)
            await outbox.record(PhotoObjectMissing(photo_id=photo, which=which), at=now)
    return len(gone)
