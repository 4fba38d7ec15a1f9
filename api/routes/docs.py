"""The API's description and its page: from vendored files only, with a policy that forbids loading anything else."""

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get

from api.openapi import document

PAGE = Path(__file__).parents[1] / "docs_page"
PUBLIC = {"audience": "public"}
TAGS = ["Documentation"]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {"Cache-Control": "public, max-age=300", "Content-Security-Policy": POLICY}
FOREVER = {"Cache-Control": "public, max-age=86400"}
_documents: dict[int, bytes] = {}


@get("/openapi.json", opt=PUBLIC, tags=TAGS, summary="This description", media_type="application/json")
async def openapi_json(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """The OpenAPI 3.1 document of everything served here."""
    known = _documents.get(id(request.app))
    if known is None:
        known = _documents[id(request.app)] = msgspec.json.encode(document(request.app))
    return Response(known, headers={"Cache-Control": "public, max-age=300"}, media_type="application/json")  # type: ignore[arg-type]


@get("/docs", opt=PUBLIC, tags=TAGS, summary="The documentation page", media_type="text/html", sync_to_thread=False)
def page() -> Response[bytes]:
    """A page that shows this description; it loads nothing from elsewhere."""
    return Response((PAGE / "index.html").read_bytes(), headers=PAGE_HEADERS, media_type="text/html")


@cache
def _viewer() -> tuple[bytes, bytes]:
    packed = (PAGE / "rapidoc-min.js.gz").read_bytes()
    return packed, gzip.decompress(packed)


@get(
    "/docs/rapidoc-min.js",
    opt=PUBLIC,
    tags=TAGS,
    summary="The viewer's script",
    media_type="text/javascript",
    sync_to_thread=False,
)
def viewer(request: Request[Any, Any, Any]) -> Response[bytes]:
    """RapiDoc 9.3.8 (MIT), as published; kept and sent compressed."""
    packed, plain = _viewer()
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers = FOREVER | {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(packed, headers=headers, media_type="text/javascript")
    return Response(plain, headers=FOREVER | {"Vary": "Accept-Encoding"}, media_type="text/javascript")


ROUTES = [openapi_json, page, viewer]
