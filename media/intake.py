"""The one path of every photograph: received, developed or refused, sealed, stored, recorded, and later claimed.

Objects are stored before their row commits: a crash in between leaves objects without a row, which the sweeper deletes,
and never a row without its objects. A repeated upload of the same bytes by the same sender gives the same photograph.
"""

import asyncio
import tempfile
from datetime import datetime, timedelta
from typing import BinaryIO, Literal
from uuid import UUID

import msgspec

from domain.kernel import clock, crypto, database
from domain.kernel import settings as process_settings
from domain.kernel.errors import NotFound, Text
from domain.kernel.ids import new_id
from media import custody, keys, matching, sealing
from media.answers import Developed, Refused
from media.darkroom import Darkroom
from media.limits import PHOTOS_PER_REPORT_MAX, UPLOAD_BYTES_PER_DAY, UPLOADS_PER_DAY
from media.refusals import PhotoMissing, PhotoRejected, TooManyPhotos, UploadQuotaReached, refusal_of
from media.store import Store

Entry = Literal["upload", "presigned", "fetched", "operator", "open311"]
Source = Literal["camera", "album"]
RATIONED = frozenset({"upload", "presigned"})  # residents; officers, partners and the case platform send for many
UNCLAIMED_KEPT = timedelta(hours=24)
REJECTED_KEPT = timedelta(days=30)


class PhotoFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A photograph as other rooms may know it."""

    id: UUID
    width: int  # upright, pixels
    height: int
    received_at: datetime
    state: str = "ready"


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A file that arrived completely, before anybody looked inside."""

    file: BinaryIO
    byte_size: int
    sha256: bytes


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends and how. `owner` is a principal such as `resident:<uuid>`; only its keyed hash is stored."""

    owner: str
    entry: Entry
    source: Source | None = None
    actor: str = "sender"  # named in the custody entry


def owner_tag(owner: str) -> bytes:
    """The keyed hash under which an unclaimed photograph knows its sender."""
    return crypto.blind_index(owner, secret=process_settings.current().lookup_secret, purpose="photo-owner")


async def take(received: Received, *, sender: Sender, darkroom: Darkroom, store: Store, now: datetime) -> PhotoFacts:
    """Develops, stores and records one photograph. Raises the refusal, which is recorded as well, or `TryLater`.

    Call it with no transaction open.
    """
    tag = owner_tag(sender.owner)
    same = await _same_unclaimed(received, tag)
    if same is not None:
        return same
    if sender.entry in RATIONED:
        await _check_quota(tag, received=received, now=now)
    answer, _ = await darkroom.develop(received.file)
    photo = new_id()
    if isinstance(answer, Refused):
        await _record_refusal(photo, answer, received=received, sender=sender, now=now)
        raise refusal_of(answer)
    objects = keys.new_keys()
    await _store_objects(photo, answer, received=received, objects=objects, store=store)
    async with database.transaction():
        await _record(photo, answer, received=received, sender=sender, objects=objects, now=now)
    return PhotoFacts(id=photo, width=answer.width, height=answer.height, received_at=now)


async def _same_unclaimed(received: Received, tag: bytes) -> PhotoFacts | None:
    row = await database.fetch_row(
        "select id, width, height, received_at from photo"
        " where sha256 = $1 and owner_tag = $2 and state = 'ready' and subject is null limit 1",
        received.sha256,
        tag,
    )
    return PhotoFacts(**dict(row)) if row else None


async def _check_quota(tag: bytes, *, received: Received, now: datetime) -> None:
    row = await database.fetch_row(
        "select files, bytes from photo_quota where owner_tag = $1 and day = $2", tag, clock.local_day(now)
    )
    if row and (row["files"] >= UPLOADS_PER_DAY or row["bytes"] + received.byte_size > UPLOAD_BYTES_PER_DAY):
        raise UploadQuotaReached(retry_after_s=3_600)


async def _count(received: Received, *, sender: Sender, now: datetime) -> None:
    """Counts a resident's file, taken or refused: both cost a decode."""
    if sender.entry in RATIONED:
        tag, day = owner_tag(sender.owner), clock.local_day(now)
        await database.execute(COUNT, new_id(), tag, day, received.byte_size)


async def _store_objects(
    photo: UUID, developed: Developed, *, received: Received, objects: keys.Keys, store: Store
) -> None:
    ring = crypto.key_ring(process_settings.current().seal_keys)
    with tempfile.TemporaryFile() as sealed:
        await asyncio.to_thread(sealing.seal_file, received.file, sealed, ring=ring, photo=photo)
        sealed.seek(0)
        await store.put(objects.original, sealed, media_type="application/octet-stream")
    await store.put(keys.copy_key(objects.copies, "large"), developed.large, media_type="image/jpeg")
    await store.put(keys.copy_key(objects.copies, "small"), developed.small, media_type="image/jpeg")


COUNT = """
insert into photo_quota as q (id, owner_tag, day, files, bytes) values ($1, $2, $3, 1, $4)
on conflict (owner_tag, day) do update set files = q.files + 1, bytes = q.bytes + $4
"""
RECORD = """
insert into photo (id, state, entry, owner_tag, received_at, source, byte_size, sha256, format, width, height, facts,
                   original_key, seal_key, copies_key, version, public_token, screening, screening_tries, delete_after)
values ($1, 'ready', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, $15, 'open', 0, $16)
"""


async def _record(
    photo: UUID, developed: Developed, *, received: Received, sender: Sender, objects: keys.Keys, now: datetime
) -> None:
    chosen = process_settings.current()
    await database.execute(
        RECORD,
        photo,
        sender.entry,
        owner_tag(sender.owner),
        now,
        sender.source,
        received.byte_size,
        received.sha256,
        developed.format,
        developed.width,
        developed.height,
        keys.seal_facts(developed.facts, photo=photo, settings=chosen),
        objects.original,
        crypto.key_ring(chosen.seal_keys).current,
        objects.copies,
        keys.new_token(),
        now + UNCLAIMED_KEPT,
    )
    await _count(received, sender=sender, now=now)
    await custody.append(photo, "received", actor=sender.actor, at=now, reason=sender.entry)
    await matching.remember(photo, developed.likeness, sha256=received.sha256)


async def _record_refusal(photo: UUID, refused: Refused, *, received: Received, sender: Sender, now: datetime) -> None:
    async with database.transaction():
        await database.execute(
            "insert into photo (id, state, entry, owner_tag, received_at, source, byte_size, sha256, reason, note,"
            " version, screening, screening_tries, delete_after)"
            " values ($1, 'rejected', $2, $3, $4, $5, $6, $7, $8, $9, 1, 'open', 0, $10)",
            photo,
            sender.entry,
            owner_tag(sender.owner),
            now,
            sender.source,
            received.byte_size,
            received.sha256,
            refused.code,
            refused.note[:120],
            now + REJECTED_KEPT,
        )
        await _count(received, sender=sender, now=now)
        await custody.append(photo, "rejected", actor=sender.actor, at=now, reason=refused.code)


CLAIM = """
update photo set subject = $1, position = listed.position, claimed_at = $2, owner_tag = null, delete_after = $3
from unnest($4::uuid[]) with ordinality as listed (id, position)
where photo.id = listed.id and owner_tag = $5 and state = 'ready' and subject is null
returning photo.id, width, height, received_at, listed.position
"""


async def claim_photos(*, owner: str, photo_ids: list[UUID], subject: str, now: datetime) -> list[PhotoFacts]:
    """Binds ready photographs to `subject`, in the given order, all or none, inside the caller's transaction.

    From here on nothing in the row says who sent it. Raises `TooManyPhotos`, `PhotoMissing` or
    `PhotoRejected`; roll back then.
    """
    if len(photo_ids) > PHOTOS_PER_REPORT_MAX or len(set(photo_ids)) != len(photo_ids):
        raise TooManyPhotos(field="photo_ids", facts={"limit": PHOTOS_PER_REPORT_MAX, "found": len(photo_ids)})
    kept_until = now + timedelta(days=process_settings.current().photo_days)
    rows = await database.fetch(CLAIM, subject, now, kept_until, photo_ids, owner_tag(owner))
    if len(rows) != len(photo_ids):
        await _refuse_claim(photo_ids, claimed={row["id"] for row in rows}, owner=owner)
    await database.execute(
        "insert into photo_custody (photo, at, act, actor, reason)"
        " select unnest($1::uuid[]), $2, 'claimed', 'sender', $3",
        photo_ids,
        now,
        subject,
    )
    rows.sort(key=lambda row: row["position"])
    return [
        PhotoFacts(id=row["id"], width=row["width"], height=row["height"], received_at=row["received_at"])
        for row in rows
    ]


async def _refuse_claim(photo_ids: list[UUID], *, claimed: set[UUID], owner: str) -> None:
    """Raises for the first photograph that could not be claimed.

    A claimed one forgot its owner, so "used already" and "somebody else's" look like "unknown".
    """
    at, photo = next((at, photo) for at, photo in enumerate(photo_ids) if photo not in claimed)
    reason = await database.fetch_value(
        "select reason from photo where id = $1 and owner_tag = $2 and state = 'rejected'", photo, owner_tag(owner)
    )
    if reason is not None:
        raise PhotoRejected(field=f"photo_ids[{at}]", facts={"reason": reason})
    raise PhotoMissing(
        Text(
            f"第 {at + 1} 张照片不存在、已过期或已使用", f"Photograph {at + 1} does not exist, has expired or was used"
        ),
        field=f"photo_ids[{at}]",
    )


async def facts_of(photo: UUID) -> PhotoFacts:
    """One photograph by id; raises `PhotoMissing` when its objects are gone."""
    row = await database.fetch_row(
        "select id, width, height, received_at from photo where id = $1 and state = 'ready'", photo
    )
    if row is None:
        raise PhotoMissing
    return PhotoFacts(**dict(row))


async def mine(photo: UUID, *, owner: str) -> PhotoFacts:
    """An unclaimed photograph of this sender; raises `NotFound`, or the refusal it got when it was sent."""
    row = await database.fetch_row(
        "select state, width, height, received_at, reason from photo"
        " where id = $1 and owner_tag = $2 and state in ('ready', 'rejected')",
        photo,
        owner_tag(owner),
    )
    if row is None:
        raise NotFound
    if row["state"] == "rejected":
        raise refusal_of(Refused(code=row["reason"]))
    return PhotoFacts(id=photo, width=row["width"], height=row["height"], received_at=row["received_at"])
