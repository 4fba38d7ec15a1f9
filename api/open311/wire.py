"""One tree, two formats: XML with the standard's element names, JSON with the outermost element dropped."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import msgspec
from litestar import Response

ITEMS = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
    "service_request_updates": "request_update",
    "notes": "note",
    "photos": "photo",
}
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Litestar adds the charset to text types itself.
MEDIA_TYPES = {"xml": "text/xml", "json": "application/json; charset=utf-8"}


def xml_of(name: str, value: Any) -> str:
    """One element: no namespace, no attributes; nothing becomes an empty element."""
    if value is None or value in ("", [], ()):
        return f"<{name}/>"
    if isinstance(value, bool):
        inner = "true" if value else "false"
    elif isinstance(value, Mapping):
        inner = "".join(xml_of(key, child) for key, child in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        inner = "".join(xml_of(ITEMS[name], child) for child in value)
    else:
        inner = escape(NOT_XML.sub("", str(value)))
    return f"<{name}>{inner}</{name}>"


def answer(
    suffix: str, *, root: str, tree: Any, status: int = 200, headers: dict[str, str] | None = None
) -> Response[Any]:
    """The response for one resource in the format of the suffix."""
    body = msgspec.json.encode(tree) if suffix == "json" else (DECLARATION + xml_of(root, tree)).encode()
    return Response(body, status_code=status, media_type=MEDIA_TYPES[suffix], headers=headers)
