"""Boxes an operator draws over faces, plates and neighbours. The public copies are made anew from the sealed original.

The new copies get a new address; the old one, and every signed address, stops working with the commit, and the old
objects are deleted by a job.
"""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, BinaryIO
from uuid import UUID

import msgspec

from domain.kernel import audit, crypto, database
from domain.kernel import settings as process_settings
from domain.kernel.errors import Invalid, NotFound, Refusal, Text
from domain.kernel.ids import new_id
from media import custody, keys, sealing, withdrawal
from media.answers import Box, Developed
from media.darkroom import Darkroom
from media.refusals import refusal_of
from media.store import Store

BOXES_MAX = 60
NO_LARGER = 1.000001


class RedactedMeanwhile(Refusal):
    """Another operator changed the photograph at the same time."""

    code = "photo-changed-meanwhile"
    status = 409
    title = Text("照片已被其他人修改", "Somebody else changed this photograph")
    advice = Text("请刷新后重试。", "Look at it again and repeat.")


def check(boxes: Sequence[Box]) -> None:
    """Raises `Invalid` unless every box lies inside the picture and has an area."""
    if not 1 <= len(boxes) <= BOXES_MAX:
        raise Invalid(Text(f"请给出 1–{BOXES_MAX} 个遮挡框", f"Give 1-{BOXES_MAX} boxes"), field="boxes")
    for at, box in enumerate(boxes):
        inside = box.left >= 0 and box.top >= 0 and box.left + box.width <= NO_LARGER
        if not inside or box.top + box.height > NO_LARGER or box.width <= 0 or box.height <= 0:
            raise Invalid(Text("遮挡框超出画面", "A box lies outside the picture"), field=f"boxes[{at}]")


async def redact(
    photo: UUID, boxes: Sequence[Box], *, actor: str, reason: str, darkroom: Darkroom, store: Store, now: datetime
) -> int:
    """Burns `boxes`, and all earlier ones, into new copies; returns the new version.

    Call it with no transaction open. Raises `NotFound`, `Invalid`, `RedactedMeanwhile` or `TryLater`.
    """
    check(boxes)
    row = await database.fetch_row(
        "select p.version, p.original_key, p.copies_key, r.boxes from photo p"
        " left join photo_redaction r on r.photo = p.id and r.version = p.version"
        " where p.id = $1 and p.state = 'ready'",
        photo,
    )
    if row is None:
        raise NotFound
    wanted = [*msgspec.json.decode(row["boxes"] or "[]", type=list[Box]), *boxes]
    if len(wanted) > BOXES_MAX:
        raise Invalid(Text(f"遮挡框总数不得超过 {BOXES_MAX}", f"At most {BOXES_MAX} boxes in all"), field="boxes")
    async with opened(photo, row["original_key"], store=store) as original:
        answer, _ = await darkroom.develop(original, wanted)
    if not isinstance(answer, Developed):
        raise refusal_of(answer)
    copies = keys.new_copies_key()
    await store.put(keys.copy_key(copies, "large"), answer.large, media_type="image/jpeg")
    await store.put(keys.copy_key(copies, "small"), answer.small, media_type="image/jpeg")
    async with database.transaction():
        await _replace(photo, row, copies=copies, boxes=wanted, actor=actor, reason=reason, now=now)
    return int(row["version"]) + 1


async def _replace(
    photo: UUID, row: Any, *, copies: str, boxes: Sequence[Box], actor: str, reason: str, now: datetime
) -> None:
    version = row["version"] + 1
    changed = await database.fetch_value(
        "update photo set version = $2, copies_key = $3, public_token = $4 where id = $1 and version = $5"
        " and state = 'ready' returning id",
        photo,
        version,
        copies,
        keys.new_token(),
        row["version"],
    )
    if changed is None:
        raise RedactedMeanwhile
    await database.execute(
        "insert into photo_redaction (id, photo, version, boxes, actor, reason, at)"
        " values ($1, $2, $3, $4::jsonb, $5, $6, $7)",
        new_id(),
        photo,
        version,
        msgspec.json.encode(boxes).decode(),
        actor,
        reason,
        now,
    )
    await withdrawal.queue_deletion(withdrawal.object_keys(None, row["copies_key"]), subject=f"photo:{photo}", now=now)
    await custody.append(photo, "redacted", actor=actor, at=now, reason=reason)
    detail = {"version": version, "boxes": len(boxes), "reason": reason}
    await audit.append(actor=actor, action="photo-redacted", subject=f"photo:{photo}", at=now, detail=detail)


@asynccontextmanager
async def opened(photo: UUID, key: str, *, store: Store) -> AsyncIterator[BinaryIO]:
    """The clear original as an unnamed file on disk; raises `ObjectMissing`, `SealBroken` or `TryLater`."""
    ring = crypto.key_ring(process_settings.current().seal_keys)
    with tempfile.TemporaryFile() as sealed, tempfile.TemporaryFile() as clear:
        async for piece in store.chunks(key):
            sealed.write(piece)
        sealed.seek(0)
        for chunk in sealing.open_file(sealed, ring=ring, photo=photo):
            clear.write(chunk)
        clear.seek(0)
        yield clear


async def open_original(photo: UUID, *, actor: str, reason: str, now: datetime) -> tuple[str, str]:
    """Records that an operator opens the original, before anything is read; (object key, format).

    In the caller's transaction. Raises `NotFound`.
    """
    row = await database.fetch_row("select original_key, format from photo where id = $1 and state = 'ready'", photo)
    if row is None:
        raise NotFound
    await custody.append(photo, "opened", actor=actor, at=now, reason=reason)
    await audit.append(
        actor=actor, action="photo-original-opened", subject=f"photo:{photo}", at=now, detail={"reason": reason}
    )
    return row["original_key"], row["format"]


async def hold(photo: UUID, *, held: bool, actor: str, reason: str, now: datetime) -> None:
    """Sets or lifts a legal hold, in the caller's transaction: a held photograph is deleted by nobody."""
    changed = await database.fetch_value(
        "update photo set held_at = case when $2 then coalesce(held_at, $3) end"
        " where id = $1 and state <> 'deleted' returning id",
        photo,
        held,
        now,
    )
    if changed is None:
        raise NotFound
    await custody.append(photo, "held" if held else "released", actor=actor, at=now, reason=reason)
    action = "photo-held" if held else "photo-released"
    await audit.append(actor=actor, action=action, subject=f"photo:{photo}", at=now, detail={"reason": reason})
