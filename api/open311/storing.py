"""Storing a checked Open311 post: photographs through the one path, the report, what only Open311 knows beside it."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, BinaryIO, cast
from uuid import UUID

import msgspec
from litestar.datastructures import UploadFile

from api.open311.posting import Posted, print_of
from api.open311.services import BATCH_SERVICES
from api.parts import Parts
from domain.kernel import crypto, database, settings
from domain.reports import submission
from domain.reports.drafts import Draft
from domain.reports.partners import Partner
from media import intake
from media.intake import Received, Sender

TOKEN_BYTES = 18
CHUNK_BYTES = 256 * 1024
REMEMBER = """
insert into open311_request (report, token, attributes, contact_sealed, media_url) values ($1, $2, $3::jsonb, $4, $5)
"""


async def _received(file: UploadFile) -> Received:
    digest, size = hashlib.sha256(), 0
    await file.seek(0)
    while chunk := await file.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    await file.seek(0)
    return Received(file=cast("BinaryIO", file.file), byte_size=size, sha256=digest.digest())


async def store(
    posted: Posted, files: Sequence[UploadFile], *, partner: Partner, key: str | None, parts: Parts, now: datetime
) -> dict[str, Any]:
    """The answer's request element. A repeated `key` stores nothing again; without a key every post is new."""
    received = [await _received(file) for file in files]
    sender = Sender(owner=partner.principal, entry="open311", actor=partner.principal)
    photos = [
        await intake.take(file, sender=sender, darkroom=parts.darkroom, store=parts.store, now=now) for file in received
    ]
    request = submission.partner_request(
        partner.id,
        key=f"open311:{key or secrets.token_urlsafe(TOKEN_BYTES)}"[:80],
        print_=print_of(posted, [file.sha256 for file in received]),
        channel="open311",
        now=now,
    )
    async with database.transaction():
        done = await submission.submit_report(_draft(posted, [photo.id for photo in photos]), request=request)
        receipt = msgspec.json.decode(done.body, type=submission.ReportReceipt)
        if not done.replayed:
            await _remember(receipt.id, posted)
            if photos:
                await intake.claim_photos(
                    owner=partner.principal,
                    photo_ids=[photo.id for photo in photos],
                    subject=f"report:{receipt.id}",
                    now=now,
                )
        token = await database.fetch_value("select token from open311_request where report = $1", receipt.id)
    named = {"token": token} if posted.code in BATCH_SERVICES else {"service_request_id": receipt.number}
    return named | {"service_notice": None, "account_id": None}


def _draft(posted: Posted, photos: list[UUID]) -> Draft:
    return Draft(
        category=posted.code,
        text=posted.text,
        place=posted.place,
        photo_ids=photos,
        no_photo_reason=None if photos else "other",
        address=posted.address,
    )


async def _remember(report_id: UUID, posted: Posted) -> None:
    """Personal values of the form are sealed for this report and never echoed."""
    contact = None
    if posted.contact:
        ring = crypto.key_ring(settings.current().seal_keys)
        contact = ring.seal(msgspec.json.encode(posted.contact), context=f"open311_request:{report_id}")
    await database.execute(
        REMEMBER,
        report_id,
        secrets.token_urlsafe(TOKEN_BYTES),
        msgspec.json.encode(posted.answers).decode(),
        contact,
        posted.media_url,
    )


async def number_of_token(token: str) -> str | None:
    """The request id of a token, or None."""
    number: str | None = await database.fetch_value(
        "select r.number from open311_request o join report r on r.id = o.report where o.token = $1", token[:40]
    )
    return number
