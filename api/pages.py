"""Lists are read page by page with an opaque cursor: no offsets, so nothing is skipped or doubled while rows arrive.

A cursor is the sort key of the last row shown. It is checked on the way in and never trusted for more than a position.
"""

import base64
import binascii
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from domain.kernel.errors import Refusal, Text

LIMIT_MAX = 100
LIMIT_DEFAULT = 20
CURSOR_CHARS_MAX = 400

T = TypeVar("T")
K = TypeVar("K")

Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, description=f"Rows per page, at most {LIMIT_MAX}.")]
Cursor = Annotated[
    str | None,
    QueryParameter(max_length=CURSOR_CHARS_MAX, description="`next` of the page before; leave out for the first page."),
]


class CursorUnreadable(Refusal):
    """The cursor was not made by this list."""

    code = "cursor-unreadable"
    status = 400
    title = Text("翻页位置无效", "The cursor cannot be read")
    advice = Text("请从第一页重新开始。", "Start again from the first page.")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list."""

    items: list[T]
    next: str | None = None  # cursor of the following page; absent at the end


def encode_cursor(*key: Any) -> str:
    """The sort key of the last row as an opaque text; values are JSON-encodable (UUID, datetime, int, str)."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def decode_cursor(cursor: str | None, key: type[K]) -> K | None:
    """The sort key as `key`, for example `tuple[datetime, UUID]`; raises `CursorUnreadable`. None stays None."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=key)
    except (binascii.Error, UnicodeEncodeError, msgspec.MsgspecError) as error:
        raise CursorUnreadable(field="cursor") from error


def page_of(rows: list[Any], *, limit: int, key: tuple[str, ...], items: list[T]) -> Page[T]:
    """A page of `items` made from `rows`, which were read with `limit + 1`; `key` names the sort columns."""
    if len(rows) <= limit:
        return Page(items=items[:limit])
    last = rows[limit - 1]
    return Page(items=items[:limit], next=encode_cursor(*(last[name] for name in key)))
