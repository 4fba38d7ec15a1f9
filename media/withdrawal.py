"""Deleting: taken back by the sender, never claimed, refused long ago, or past its term. The row stays as a tombstone.

The row is settled in a transaction; the objects are deleted by a send job, which tries again until the store answers.
"""

from datetime import datetime
from uuid import UUID

from domain.kernel import database, leases
from domain.kernel.errors import NotFound
from media import custody, intake, keys

DELETE_JOB = "photo-delete"

BURY = """
with due as (select id, original_key, copies_key from photo
  where id = any($1) and deleted_at is null and held_at is null for update),
forgotten as (delete from photo_likeness using due where photo_likeness.photo = due.id)
update photo set state = 'deleted', deleted_at = $2, owner_tag = null, facts = null, public_token = null,
  original_key = null, copies_key = null, screening_trace = null
from due where photo.id = due.id
returning photo.id, due.original_key, due.copies_key
"""


async def bury(photo_ids: list[UUID], *, actor: str, reason: str, now: datetime) -> int:
    """Marks photographs deleted and queues the deletion of their objects; held ones stay. Returns how many."""
    rows = await database.fetch(BURY, photo_ids, now)
    for row in rows:
        await custody.append(row["id"], "deleted", actor=actor, at=now, reason=reason)
        if objects := object_keys(row["original_key"], row["copies_key"]):
            await queue_deletion(objects, subject=f"photo:{row['id']}", now=now)
    return len(rows)


def object_keys(original: str | None, copies: str | None) -> list[str]:
    """The keys of a photograph's objects."""
    found = [original] if original else []
    return found + ([keys.copy_key(copies, "large"), keys.copy_key(copies, "small")] if copies else [])


async def queue_deletion(objects: list[str], *, subject: str, now: datetime) -> None:
    """Queues a job that deletes objects, in the caller's transaction."""
    await leases.queue(kind=DELETE_JOB, subject=subject, payload={"keys": objects}, now=now)


async def take_back(photo: UUID, *, owner: str, now: datetime) -> None:
    """The sender deletes an unused photograph; raises `NotFound`."""
    mine = await database.fetch_value(
        "select id from photo where id = $1 and owner_tag = $2 and subject is null and deleted_at is null",
        photo,
        intake.owner_tag(owner),
    )
    if mine is None:
        raise NotFound
    await bury([photo], actor="sender", reason="taken back", now=now)
