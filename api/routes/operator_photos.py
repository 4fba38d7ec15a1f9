"""Photographs for operators: review, redaction, hiding, legal hold, custody, and opening a sealed original."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Annotated, Any, BinaryIO
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from api.actors import Actor, require_role
from api.multipart_body import read_form
from api.pages import Cursor, Limit, Page, decode_cursor, page_of
from api.parts import Parts
from api.routes.photos import FormOperation, PhotoView, source_of, view
from domain.kernel import clock, database
from domain.kernel.errors import NotFound
from media import intake, publication, redaction, review, screening
from media.answers import Box
from media.formats.layout import MEDIA_TYPES
from media.intake import Sender
from media.review import PhotoDetail, PhotoRecord, ReportEvidence
from media.store import ObjectMissing

TAGS = ["Photographs"]
OPERATOR = {"audience": "operator"}
CHUNK_BYTES = 256 * 1024
Reason = Annotated[str, msgspec.Meta(min_length=4, max_length=200, description="Why; kept in the custody record")]
Part = Annotated[float, msgspec.Meta(ge=0, le=1)]
ScreeningFilter = Annotated[str | None, QueryParameter(name="screening", pattern="^(open|asked|passed|review|risky)$")]
SubjectFilter = Annotated[
    str | None, QueryParameter(pattern=r"^[a-z_-]{1,20}:[0-9a-f-]{36}$", description="report:<id>, update:<id>, …")
]


class BoxSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rectangle as parts of the picture's width and height."""

    left: Part
    top: Part
    width: Part
    height: Part


class RedactionSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Boxes to burn in, beside those of earlier redactions."""

    boxes: Annotated[list[BoxSent], msgspec.Meta(min_length=1, max_length=redaction.BOXES_MAX)]
    reason: Reason


class Redacted(msgspec.Struct, frozen=True, kw_only=True):
    """The copies were made anew; old addresses no longer work."""

    id: UUID
    version: int


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Show it or not."""

    show: bool
    reason: Reason


class HoldSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Set (true) or lift (false) the legal hold."""

    held: bool
    reason: Reason


class OpeningSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the original must be seen."""

    reason: Reason


@get("/v1/operator/photos", opt=OPERATOR, tags=TAGS, summary="Photographs")
async def photographs(
    operator: NamedDependency[Actor],
    screening_state: ScreeningFilter = None,
    subject: SubjectFilter = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[PhotoRecord]:
    """Newest first; `screening=review` and `screening=risky` are the queues for a person."""
    position = decode_cursor(cursor, tuple[UUID])
    rows = await review.listing(
        screening=screening_state, subject=subject, before=position[0] if position else None, limit=limit + 1
    )
    return page_of([msgspec.structs.asdict(row) for row in rows], limit=limit, key=("id",), items=rows)


@get("/v1/operator/photos/{photo_id:uuid}", opt=OPERATOR, tags=TAGS, summary="One photograph")
async def photograph(photo_id: FromPath[UUID], operator: NamedDependency[Actor]) -> PhotoDetail:
    """State, boxes, custody and lookalikes of one photograph."""
    return await review.one(photo_id)


@get("/v1/operator/reports/{report_id:uuid}/evidence", opt=OPERATOR, tags=TAGS, summary="What the photographs say")
async def evidence(report_id: FromPath[UUID], operator: NamedDependency[Actor]) -> ReportEvidence:
    """Named signals with numbers: place, time, datum mix-up, editors, lookalikes. Facts, not verdicts."""
    return await review.evidence_of(report_id)


@post(
    "/v1/operator/photos",
    opt=OPERATOR | {"limit": "upload"},
    tags=TAGS,
    summary="Send a photograph as an operator",
    status_code=201,
    operation_class=FormOperation,
    request_max_body_size=None,
)
async def send(
    request: Request[Any, Any, Any], operator: NamedDependency[Actor], parts: NamedDependency[Parts]
) -> PhotoView:
    """The same path as a resident's photograph, for answers and updates an operator writes."""
    form = await read_form(request)
    try:
        sender = Sender(
            owner=operator.principal, entry="operator", source=source_of(form.fields), actor=operator.principal
        )
        now = clock.utc_now()
        photo = await intake.take(
            form.receiver.done(), sender=sender, darkroom=parts.darkroom, store=parts.store, now=now
        )
    finally:
        form.receiver.close()
    return view(photo, now=now)


@post("/v1/operator/photos/{photo_id:uuid}/redactions", opt=OPERATOR, tags=TAGS, summary="Burn boxes in")
async def redact(
    photo_id: FromPath[UUID],
    data: JSONBody[RedactionSent],
    operator: NamedDependency[Actor],
    parts: NamedDependency[Parts],
) -> Redacted:
    """Makes the public copies anew from the original with the boxes in black; every old address stops working."""
    require_role(operator, "clerk", "reviewer")
    version = await redaction.redact(
        photo_id,
        [Box(left=box.left, top=box.top, width=box.width, height=box.height) for box in data.boxes],
        actor=operator.principal,
        reason=data.reason,
        darkroom=parts.darkroom,
        store=parts.store,
        now=clock.utc_now(),
    )
    return Redacted(id=photo_id, version=version)


@post("/v1/operator/photos/{photo_id:uuid}/review", opt=OPERATOR, tags=TAGS, summary="Decide a review", status_code=204)
async def decide(photo_id: FromPath[UUID], data: JSONBody[Decision], operator: NamedDependency[Actor]) -> None:
    """A person's word on a photograph that screening marked `review` or `risky`."""
    require_role(operator, "clerk", "reviewer")
    async with database.transaction():
        await screening.decide(
            photo_id, show=data.show, actor=operator.principal, reason=data.reason, now=clock.utc_now()
        )


@post(
    "/v1/operator/photos/{photo_id:uuid}/visibility", opt=OPERATOR, tags=TAGS, summary="Hide or show", status_code=204
)
async def set_visibility(photo_id: FromPath[UUID], data: JSONBody[Decision], operator: NamedDependency[Actor]) -> None:
    """Takes a photograph from the public at once, or lets the ordinary rules decide again."""
    require_role(operator, "clerk", "reviewer")
    async with database.transaction():
        await publication.set_hidden(
            photo_id, hidden=not data.show, actor=operator.principal, reason=data.reason, now=clock.utc_now()
        )


@post("/v1/operator/photos/{photo_id:uuid}/hold", opt=OPERATOR, tags=TAGS, summary="Legal hold", status_code=204)
async def set_hold(photo_id: FromPath[UUID], data: JSONBody[HoldSent], operator: NamedDependency[Actor]) -> None:
    """A held photograph is deleted by no schedule and by nobody."""
    require_role(operator, "reviewer")
    async with database.transaction():
        await redaction.hold(
            photo_id, held=data.held, actor=operator.principal, reason=data.reason, now=clock.utc_now()
        )


@post(
    "/v1/operator/photos/{photo_id:uuid}/original",
    opt=OPERATOR | {"limit": "export"},
    tags=TAGS,
    summary="Open the sealed original",
    status_code=200,
    media_type="application/octet-stream",
)
async def open_original(
    photo_id: FromPath[UUID],
    data: JSONBody[OpeningSent],
    operator: NamedDependency[Actor],
    parts: NamedDependency[Parts],
) -> Stream:
    """The file as it was sent, metadata and all. Who opened it and why is recorded before a byte is read."""
    require_role(operator, "clerk", "reviewer", "auditor")
    async with database.transaction():
        key, kind = await redaction.open_original(
            photo_id, actor=operator.principal, reason=data.reason, now=clock.utc_now()
        )
    stack = AsyncExitStack()
    try:
        clear = await stack.enter_async_context(redaction.opened(photo_id, key, store=parts.store))
    except ObjectMissing as missing:
        raise NotFound from missing
    media_type = next((name for name, format_ in MEDIA_TYPES.items() if format_ == kind), "application/octet-stream")
    headers = {"Content-Disposition": f'attachment; filename="{photo_id}"', "Cache-Control": "no-store"}
    return Stream(_pieces(clear, stack), headers=headers, media_type=media_type)


async def _pieces(clear: BinaryIO, stack: AsyncExitStack) -> AsyncGenerator[bytes, None]:
    async with stack:
        while piece := await asyncio.to_thread(clear.read, CHUNK_BYTES):
            yield piece


ROUTES = [
    photographs,
    photograph,
    evidence,
    send,
    redact,
    decide,
    set_visibility,
    set_hold,
    open_original,
]
