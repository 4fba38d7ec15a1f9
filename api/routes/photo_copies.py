"""The public copies of photographs, and expiring addresses of copies that are not public."""

import re
from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, PathParameter, QueryParameter

from api.parts import Parts
from domain.kernel import clock
from domain.kernel.errors import NotFound, Refusal, Text
from media import links
from media.limits import DECODE_ANSWER_BYTES_MAX
from media.links import PublicPhoto
from media.store import ObjectMissing, Store

# A copy never changes under its address, so caches need not ask again; a day bounds how long a copy that was redacted
# or hidden since can survive in them.
PUBLIC_CACHE = "public, max-age=86400, immutable"
RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")
WHOLE = {"Accept-Ranges": "bytes", "Content-Disposition": 'inline; filename="photo.jpg"'}
FileName = Annotated[str, PathParameter(description="large.jpg (longer side 1600 px) or small.jpg (320 px)")]
RangeHeader = Annotated[str | None, HeaderParameter(name="Range", max_length=100)]
IfNoneMatch = Annotated[str | None, HeaderParameter(name="If-None-Match", max_length=500)]
IfRange = Annotated[str | None, HeaderParameter(name="If-Range", max_length=100)]
Expires = Annotated[int, QueryParameter(ge=0, le=99_999_999_999, description="Unix seconds")]
Signature = Annotated[str, QueryParameter(min_length=43, max_length=43)]


class RangeNotSatisfiable(Refusal):
    """The wanted part lies outside the copy."""

    code = "range-not-satisfiable"
    status = 416
    title = Text("请求的范围超出文件", "The requested range lies outside the file")
    advice = Text("请去掉 Range 请求头后重试。", "Ask again without the Range header.")


def size_of(name: str) -> Literal["large", "small"]:
    """The size a file name stands for; `NotFound` for others."""
    if name == "large.jpg":
        return "large"
    if name == "small.jpg":
        return "small"
    raise NotFound


@get(
    "/v1/photos/public/{token:str}/{name:str}",
    opt={"audience": "public"},
    tags=["photos"],
    summary="A public copy",
    media_type="image/jpeg",
)
async def public_copy(
    token: Annotated[str, PathParameter(max_length=24)],
    name: FileName,
    parts: NamedDependency[Parts],
    range_: RangeHeader = None,
    if_none_match: IfNoneMatch = None,
    if_range: IfRange = None,
) -> Response[bytes]:
    """A public photograph, re-encoded from pixels: immutable and cacheable, with ETag, range and HEAD support."""
    key = await links.public_copy(token, size_of(name))
    tag = f'"{token}-{name[:5]}"'
    headers = {"Cache-Control": PUBLIC_CACHE, "ETag": tag, "Cross-Origin-Resource-Policy": "cross-origin"}
    if if_none_match is not None and (if_none_match.strip() == "*" or tag in if_none_match):
        return Response(b"", status_code=304, headers=headers, media_type="image/jpeg")
    wanted = range_ if if_range in (None, tag) else None
    return sliced(await _bytes(parts.store, key), wanted, headers=headers)


@get(
    "/v1/photos/signed/{photo_id:uuid}/{version:int}/{name:str}",
    opt={"audience": "public"},
    tags=["photos"],
    summary="A copy by an expiring address",
    media_type="image/jpeg",
)
async def signed_copy(
    photo_id: FromPath[UUID],
    version: Annotated[int, PathParameter(ge=1, le=32_000)],
    name: FileName,
    expires: Expires,
    signature: Signature,
    parts: NamedDependency[Parts],
    range_: RangeHeader = None,
) -> Response[bytes]:
    """A copy for whoever was given this address: until it expires, or until the photograph is redacted."""
    now = clock.utc_now()
    key = await links.signed_copy(
        photo_id, size=size_of(name), version=version, expires=expires, signature=signature, now=now
    )
    headers = {"Cache-Control": "private, no-store"}
    return sliced(await _bytes(parts.store, key), range_, headers=headers)


@get(
    "/v1/updates/{update_id:uuid}/photos",
    opt={"audience": "public"},
    tags=["photos"],
    summary="Photographs of a case update",
)
async def of_update(update_id: FromPath[UUID]) -> list[PublicPhoto]:
    """The screened photographs of one step of a case; timeline entries name it `update:<id>`. Empty when unknown."""
    subject = f"update:{update_id}"
    return (await links.public_photos([subject]))[subject]


async def _bytes(store: Store, key: str) -> bytes:
    try:
        return await store.get(key, bytes_max=DECODE_ANSWER_BYTES_MAX)
    except ObjectMissing as missing:  # the sweeper will find the row
        raise NotFound from missing


def sliced(content: bytes, wanted: str | None, *, headers: dict[str, str]) -> Response[bytes]:
    """The whole copy, or the one range asked for (several ranges get the whole, as the standard allows)."""
    headers = WHOLE | headers
    found = RANGE.fullmatch(wanted.strip()) if wanted else None
    if found is None or not (found[1] or found[2]):
        return Response(content, headers=headers, media_type="image/jpeg")
    total = len(content)
    first = int(found[1]) if found[1] else max(0, total - int(found[2]))
    last = min(int(found[2]), total - 1) if found[1] and found[2] else total - 1
    if first > last or (not found[1] and int(found[2]) == 0):
        raise RangeNotSatisfiable
    headers["Content-Range"] = f"bytes {first}-{last}/{total}"
    return Response(content[first : last + 1], status_code=206, headers=headers, media_type="image/jpeg")


ROUTES = [public_copy, signed_copy, of_update]
