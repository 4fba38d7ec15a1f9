"""Photographs: sending them, directly or straight to the store, and what became of them."""

import dataclasses
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, HeaderParameter, JSONBody

from api.actors import Actor
from api.multipart_body import read_form
from api.parts import Parts
from api.problems import Unauthenticated
from domain.kernel import clock, database
from domain.kernel.errors import Invalid, Text
from media import intake, links, uploads, withdrawal
from media.intake import PhotoFacts, Sender, Source
from media.limits import MIB, PHOTO_BYTES_MAX, PHOTO_FRAMES_MAX, PHOTO_PIXELS_MAX, PHOTOS_PER_REPORT_MAX

PREVIEW_LIFETIME = timedelta(minutes=10)
LIMITS_TEXT = (
    f"JPEG, PNG, WebP or HEIC, decided by decoding; at most {PHOTO_BYTES_MAX // MIB} MiB,"
    f" {PHOTO_PIXELS_MAX // 1_000_000} megapixels and {PHOTO_FRAMES_MAX} frame;"
    f" at most {PHOTOS_PER_REPORT_MAX} per report. Videos are not taken."
)
MediaType = Literal["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"]
UploadSession = Annotated[
    str | None,
    HeaderParameter(
        name="Upload-Session",
        min_length=22,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="For senders without a token: a random text of at least 22 characters made by the app, the same for"
        " the uploads and for the anonymous report that uses them. Only its keyed hash is stored.",
    ),
]


class PhotoView(msgspec.Struct, frozen=True, kw_only=True):
    """A photograph that was taken. Use its id in `photo_ids` of a report within 24 hours."""

    id: UUID
    state: Literal["ready"]
    width: int  # upright, pixels
    height: int
    received_at: datetime
    preview: str  # address of the small copy for the sender, expires
    large: str  # the same of the large copy
    preview_expires_at: datetime


class UploadRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the phone is about to send straight to the store."""

    media_type: MediaType = "image/jpeg"
    source: Source | None = None


class UploadForm(msgspec.Struct, frozen=True, kw_only=True):
    """Post `fields` and then the file (form field `file`) to `url` as multipart/form-data; then confirm."""

    id: UUID
    url: str
    fields: dict[str, str]
    bytes_max: int
    expires_at: datetime


@dataclasses.dataclass
class FormOperation(Operation):
    """Describes the streamed multipart body, which no parameter of the handler shows."""

    def __post_init__(self) -> None:
        """Adds the request body."""
        file = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY, description=LIMITS_TEXT)
        source = Schema(type=OpenAPIType.STRING, enum=["camera", "album"], description="Where the app took it from")
        form = Schema(type=OpenAPIType.OBJECT, properties={"file": file, "source": source}, required=["file"])
        self.request_body = RequestBody(content={"multipart/form-data": OpenAPIMediaType(schema=form)}, required=True)


def owner_of(caller: Actor | None, upload_session: str | None) -> str:
    """The principal a photograph belongs to until a report claims it; raises `Unauthenticated`."""
    if caller is not None:
        return caller.principal
    if upload_session is None:
        raise Unauthenticated(Text("请登录，或提供 Upload-Session", "Sign in, or send an Upload-Session header"))
    return f"anonymous:{upload_session}"


def view(photo: PhotoFacts, *, now: datetime) -> PhotoView:
    """The photograph as its sender sees it."""
    expires = now + PREVIEW_LIFETIME
    return PhotoView(
        id=photo.id,
        state="ready",
        width=photo.width,
        height=photo.height,
        received_at=photo.received_at,
        preview=links.signed_url(photo.id, "small", expires),
        large=links.signed_url(photo.id, "large", expires),
        preview_expires_at=expires,
    )


def source_of(fields: dict[str, str]) -> Source | None:
    """The declared source of a form; raises `Invalid` for an unknown value."""
    value = fields.get("source") or None
    if value not in (None, "camera", "album"):
        raise Invalid(Text("source 只能是 camera 或 album", "source is camera or album"), field="source")
    return value  # type: ignore[return-value]


@post(
    "/v1/photos",
    opt={"audience": "public", "limit": "upload"},
    tags=["photos"],
    summary="Send a photograph",
    status_code=201,
    operation_class=FormOperation,
    request_max_body_size=None,  # the streaming reader stops at the limit of a photograph
)
async def send(
    request: Request[Any, Any, Any],
    caller: NamedDependency[Actor | None],
    parts: NamedDependency[Parts],
    upload_session: UploadSession = None,
) -> PhotoView:
    """Takes one photograph as multipart/form-data: streamed, decoded, stripped and stored before the answer.

    Sending the same bytes again before a report uses them gives the same photograph, so retrying is safe. JPEG, PNG,
    WebP or HEIC, at most 12 MiB, 60 megapixels, 1 frame. The original is kept sealed; metadata never becomes public.
    """
    owner = owner_of(caller, upload_session)
    form = await read_form(request)
    try:
        sender = Sender(owner=owner, entry="upload", source=source_of(form.fields))
        now = clock.utc_now()
        photo = await intake.take(
            form.receiver.done(), sender=sender, darkroom=parts.darkroom, store=parts.store, now=now
        )
    finally:
        form.receiver.close()
    return view(photo, now=now)


@post(
    "/v1/photos/uploads",
    opt={"audience": "public", "limit": "upload"},
    tags=["photos"],
    summary="Get a form for a direct upload",
    status_code=201,
)
async def begin_upload(
    data: JSONBody[UploadRequest],
    caller: NamedDependency[Actor | None],
    parts: NamedDependency[Parts],
    upload_session: UploadSession = None,
) -> UploadForm:
    """A form that `wx.uploadFile` can post straight to the store: one file, exactly this type, at most 12 MiB."""
    sender = Sender(owner=owner_of(caller, upload_session), entry="presigned", source=data.source)
    upload = await uploads.begin(sender=sender, media_type=data.media_type, store=parts.store, now=clock.utc_now())
    return UploadForm(
        id=upload.id,
        url=upload.form.url,
        fields=upload.form.fields,
        bytes_max=PHOTO_BYTES_MAX,
        expires_at=upload.expires_at,
    )


@post(
    "/v1/photos/uploads/{upload_id:uuid}/confirm",
    opt={"audience": "public", "limit": "upload"},
    tags=["photos"],
    summary="Confirm a direct upload",
    status_code=201,
)
async def confirm_upload(
    upload_id: FromPath[UUID],
    caller: NamedDependency[Actor | None],
    parts: NamedDependency[Parts],
    upload_session: UploadSession = None,
) -> PhotoView:
    """Takes the uploaded file through the same path as a sent one; confirming again gives the same photograph."""
    now = clock.utc_now()
    owner = owner_of(caller, upload_session)
    photo = await uploads.confirm(upload_id, owner=owner, darkroom=parts.darkroom, store=parts.store, now=now)
    return view(photo, now=now)


@get("/v1/photos/{photo_id:uuid}", opt={"audience": "public"}, tags=["photos"], summary="My unused photograph")
async def mine(
    photo_id: FromPath[UUID], caller: NamedDependency[Actor | None], upload_session: UploadSession = None
) -> PhotoView:
    """A photograph I sent and did not use yet. A refused one answers with the refusal it got."""
    owner = owner_of(caller, upload_session)
    return view(await intake.mine(photo_id, owner=owner), now=clock.utc_now())


@delete("/v1/photos/{photo_id:uuid}", opt={"audience": "public"}, tags=["photos"], summary="Take a photograph back")
async def take_back(
    photo_id: FromPath[UUID], caller: NamedDependency[Actor | None], upload_session: UploadSession = None
) -> None:
    """Deletes a photograph I sent and did not use."""
    owner = owner_of(caller, upload_session)
    async with database.transaction():
        await withdrawal.take_back(photo_id, owner=owner, now=clock.utc_now())


ROUTES = [send, begin_upload, confirm_upload, mine, take_back]
