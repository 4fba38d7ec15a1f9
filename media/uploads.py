"""Direct uploads: a form for the phone, which posts the file straight to the store, then a confirm call."""

from contextlib import aclosing
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.errors import NotFound, Refusal
from domain.kernel.ids import new_id
from media import intake, keys
from media.darkroom import Darkroom
from media.intake import PhotoFacts, Sender
from media.limits import PHOTO_BYTES_MAX
from media.receiving import receive
from media.refusals import UploadNotThere, UploadQuotaReached
from media.store import Form, ObjectMissing, Store

FORM_LIFETIME = timedelta(minutes=30)
OPEN_FORMS_MAX = 40  # of one sender at a time


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A form and until when it can be used."""

    id: UUID
    form: Form
    expires_at: datetime


async def begin(*, sender: Sender, media_type: str, store: Store, now: datetime) -> Upload:
    """Makes a form for one file of exactly `media_type`. Raises `UploadQuotaReached`."""
    upload, key, expires_at = new_id(), keys.INCOMING + keys.new_token(), now + FORM_LIFETIME
    tag = intake.owner_tag(sender.owner)
    waiting = await database.fetch_value(
        "select count(*) from photo_upload where owner_tag = $1 and photo is null and expires_at > $2", tag, now
    )
    if waiting >= OPEN_FORMS_MAX:
        raise UploadQuotaReached(retry_after_s=int(FORM_LIFETIME.total_seconds()))
    form = await store.form(key, media_type=media_type, bytes_max=PHOTO_BYTES_MAX, lifetime=FORM_LIFETIME)
    await database.execute(
        "insert into photo_upload (id, owner_tag, object_key, media_type, source, created_at, expires_at)"
        " values ($1, $2, $3, $4, $5, $6, $7)",
        upload,
        tag,
        key,
        media_type,
        sender.source,
        now,
        expires_at,
    )
    return Upload(id=upload, form=form, expires_at=expires_at)


async def confirm(upload: UUID, *, owner: str, darkroom: Darkroom, store: Store, now: datetime) -> PhotoFacts:
    """Takes the uploaded file; a repeated confirmation gives the same photograph.

    Raises `NotFound`, `UploadNotThere`, the refusal of the photograph, or `TryLater`.
    """
    row = await database.fetch_row(
        "select object_key, source, photo from photo_upload where id = $1 and owner_tag = $2",
        upload,
        intake.owner_tag(owner),
    )
    if row is None:
        raise NotFound
    if row["photo"] is not None:
        return await intake.facts_of(row["photo"])
    sender = Sender(owner=owner, entry="presigned", source=row["source"])
    try:
        photo = await _take(row["object_key"], sender=sender, darkroom=darkroom, store=store, now=now)
    except Refusal as refusal:
        if refusal.status not in (429, 503) and not isinstance(refusal, UploadNotThere):
            await store.delete([row["object_key"]])
        raise
    await database.execute("update photo_upload set photo = $2 where id = $1 and photo is null", upload, photo.id)
    await store.delete([row["object_key"]])
    return photo


async def _take(key: str, *, sender: Sender, darkroom: Darkroom, store: Store, now: datetime) -> PhotoFacts:
    try:
        async with aclosing(store.chunks(key)) as pieces:
            receiver = await receive(pieces)
    except ObjectMissing as missing:
        raise UploadNotThere from missing
    try:
        return await intake.take(receiver.done(), sender=sender, darkroom=darkroom, store=store, now=now)
    finally:
        receiver.close()
