"""Reading requests strictly: what is accepted has one meaning, everything else is a 4xx before any rule runs.

JSON bodies: UTF-8, the media type says JSON, no repeated keys, no NaN, no nesting beyond `DEPTH_MAX`, integers within
±(2^53-1), no control characters or lone surrogates, text normalised to NFC, and the exact JSON types of the wire struct
(no "1" for a number). Paths: an id has one spelling. Paths and queries: no control characters.
"""

import json
import math
import re
import unicodedata
from functools import lru_cache
from typing import Any, NoReturn
from uuid import UUID

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import InternalServerException, ValidationException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import BaseRouteHandler
from litestar.types import Empty

from api.problems import Malformed, WrongMediaType
from domain.kernel.errors import NotFound, Text

BODY_BYTES_MAX = 256 * 1024  # unless a route sets request_max_body_size
DEPTH_MAX = 32
JSON = b"application/json"
INTEGER_MAX = 2**53 - 1  # what every JSON reader can hold exactly
INTEGER_CHARS_SAFE = 15  # so many characters cannot exceed INTEGER_MAX
PATH_INTEGER_MAX = 2**63 - 1
PATH_CHARS_MAX = 300
ESCAPED_CONTROL = re.compile(rb"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)
SUSPICIOUS = re.compile(r"\\[bfu]|[\x7f-\x9f]")  # only then are all strings looked at one by one
REFUSED_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
AT = re.compile(r"^(?P<message>.*?)(?: - at `(?:key in )?\$\.?(?P<field>.*)`)?$", re.DOTALL)


def _refuse(zh: str, en: str) -> NoReturn:
    raise Malformed(Text(zh, en))


class StrictRequest(Request[Any, Any, Any]):
    """Litestar's request with a strict JSON reader that decodes straight into the route's wire struct."""

    async def body(self) -> bytes:
        """The whole body; raises Litestar's 413. Read once, without a generator for the usual single piece."""
        state = self._connection_state
        if state.body is not Empty:
            return state.body
        if not self.is_connected:
            raise InternalServerException("stream consumed")
        size_max = self.route_handler.resolve_request_max_body_size() or math.inf
        announced = self.sent(b"content-length")
        if announced is not None and announced.isdigit() and int(announced) > size_max:
            raise RequestEntityTooLarge
        pieces, size, more = [], 0, True
        while more:
            message: Any = await self.receive()
            if message["type"] == "http.disconnect":
                raise InternalServerException("client disconnected prematurely")
            piece, more = message.get("body", b""), message.get("more_body", False)
            size += len(piece)
            if size > size_max:
                raise RequestEntityTooLarge
            pieces.append(piece)
        self.is_connected = False
        state.body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return state.body

    def sent(self, name: bytes) -> bytes | None:
        """A header by its lower-case name, the last one when repeated."""
        headers: Any = self.scope["headers"]
        return next((value for key, value in reversed(headers) if key == name), None)

    async def json(self) -> Any:
        """The body as the type of the route's `data` parameter; raises `Malformed` or a validation error."""
        if self._connection_state.json is Empty:
            if self.sent(b"content-type") != JSON:
                media_type = self.content_type[0]
                if media_type != "application/json" and not media_type.endswith("+json"):
                    raise WrongMediaType
            self._connection_state.json = read_json(await self.body(), decoder=_decoder(self.route_handler))
        return self._connection_state.json


@lru_cache(maxsize=1_024)
def _decoder(handler: Any) -> msgspec.json.Decoder[Any]:
    field = handler.parsed_data_field
    return msgspec.json.Decoder(field.annotation if field is not None else Any)


def read_json(body: bytes, *, decoder: msgspec.json.Decoder[Any]) -> Any:
    """The decoded body; raises `Malformed` (syntax, repeated keys, …) or `ValidationException` (wrong values)."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        _refuse("内容不是 UTF-8 编码", "The body is not UTF-8")
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    tree = _parse(text)
    if text.count("[") + text.count("{") > DEPTH_MAX:
        _check_depth(tree)
    try:
        if SUSPICIOUS.search(text):
            return msgspec.convert(_clean(tree), decoder.type)
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        raise _invalid(error) from error
    except (msgspec.DecodeError, RecursionError):
        _refuse("不是有效的 JSON", "Not valid JSON")


def _parse(text: str) -> Any:
    """The tree, after refusing what only this reader notices: repeated keys, NaN, enormous integers."""
    try:
        return PARSER.decode(text)
    except RecursionError:
        _refuse("嵌套层数过多", "Nested too deeply")
    except ValueError:
        _refuse("不是有效的 JSON", "Not valid JSON")


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        _refuse("同一对象中有重复的键", "A key is repeated within one object")
    return made


def _no_constant(name: str) -> NoReturn:
    _refuse("不接受 NaN 或 Infinity", "NaN and Infinity are not JSON")


def _bounded_integer(digits: str) -> int:
    if len(digits) > INTEGER_CHARS_SAFE and (len(digits) > INTEGER_CHARS_SAFE + 5 or abs(int(digits)) > INTEGER_MAX):
        _refuse("整数超出范围", "An integer is out of range")
    return int(digits)


PARSER = json.JSONDecoder(
    object_pairs_hook=_object_without_repeats, parse_constant=_no_constant, parse_int=_bounded_integer
)


def _check_depth(tree: Any) -> None:
    level: list[Any] = [tree]
    for _ in range(DEPTH_MAX):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    _refuse(f"嵌套不得超过 {DEPTH_MAX} 层", f"Nested more than {DEPTH_MAX} levels")


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        node = list(node.values())
    return [child for child in node if isinstance(child, dict | list)] if isinstance(node, list) else []


def _clean(tree: Any) -> Any:
    """The same tree with every string normalised; raises `Malformed` for characters no text may hold."""
    if isinstance(tree, dict):
        return {_clean(key): _clean(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_clean(value) for value in tree]
    if isinstance(tree, str):
        if REFUSED_IN_TEXT.search(tree):
            _refuse("文本含有控制字符或不完整的字符", "A text holds control characters or lone surrogates")
        return unicodedata.normalize("NFC", tree)
    return tree


def _invalid(error: msgspec.ValidationError) -> ValidationException:
    found = AT.match(str(error))
    message, field = (found["message"], found["field"] or "") if found else (str(error), "")
    return ValidationException(extra=[{"key": field, "source": "body", "message": message}])


def check_target(raw_path: bytes, query: bytes) -> None:
    """Raises `Malformed` for control characters in a path or query, escaped or not."""
    if ESCAPED_CONTROL.search(raw_path) or ESCAPED_CONTROL.search(query):
        _refuse("地址中含有控制字符", "The address holds control characters")


async def path_guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """An id in a path has one spelling: other digits, signs, underscores and braces are not found."""
    values: dict[str, Any] = connection.scope.get("path_params", {})
    for value in values.values():
        if isinstance(value, str) and len(value) > PATH_CHARS_MAX:
            raise NotFound
        if not isinstance(value, int | UUID):
            continue
        in_range = isinstance(value, UUID) or 0 <= value <= PATH_INTEGER_MAX
        if not in_range or str(value) not in connection.scope["path"].lower().split("/"):
            raise NotFound
