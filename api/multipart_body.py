"""One file and a few short fields out of a multipart form, streamed: the file goes to disk piece by piece."""

from typing import Any

import msgspec
from litestar import Request
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser, parse_options_header

from api.problems import Malformed, WrongMediaType
from domain.kernel.errors import Text
from media.limits import PHOTO_BYTES_MAX
from media.receiving import Receiver
from media.refusals import PhotoEmpty, PhotoTooLarge

FIELD_BYTES_MAX = 256
FIELDS_MAX = 8
FORM_BYTES_MAX = 64 * 1024  # boundary lines, headers and fields around the file
DRAINED_BYTES_MAX = 4 * PHOTO_BYTES_MAX
FILE_FIELDS = frozenset({"file", "media"})


class Form(msgspec.Struct, frozen=True):
    """What a form held. Close the receiver."""

    receiver: Receiver
    fields: dict[str, str]


async def read_form(request: Request[Any, Any, Any]) -> Form:
    """Reads the body once; raises `WrongMediaType`, `Malformed`, `PhotoTooLarge` or `PhotoEmpty`."""
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    if media_type != "multipart/form-data" or not options.get("boundary"):
        raise WrongMediaType(Text("请使用 multipart/form-data", "Send multipart/form-data"))
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > PHOTO_BYTES_MAX + FORM_BYTES_MAX:
        await _drain(request)
        raise PhotoTooLarge(field="file", facts={"limit": PHOTO_BYTES_MAX})
    reader = _Reader()
    try:
        await reader.read(request, boundary=options["boundary"])
    except (MultipartError, UnicodeError) as error:
        reader.close()
        if isinstance(error, ParserLimitReached) and reader.receiver is not None:
            raise PhotoTooLarge(field="file", facts={"limit": PHOTO_BYTES_MAX}) from error
        raise Malformed(Text("表单无法解析", "The form cannot be read")) from error
    except PhotoTooLarge:
        reader.close()
        await _drain(request)
        raise
    except BaseException:
        reader.close()
        raise
    if reader.receiver is None:
        raise PhotoEmpty(field="file")
    return Form(reader.receiver, reader.fields)


async def _drain(request: Request[Any, Any, Any]) -> None:
    """Lets a body that is somewhat too large run out unread: a phone that is still sending would miss the answer."""
    left = DRAINED_BYTES_MAX
    async for piece in request.stream():
        left -= len(piece)
        if left < 0:
            return


class _Reader:
    """Collects the parts of one form."""

    def __init__(self) -> None:
        self.receiver: Receiver | None = None
        self.fields: dict[str, str] = {}
        self._name: str | None = None
        self._value = bytearray()

    async def read(self, request: Request[Any, Any, Any], *, boundary: str) -> None:
        """Feeds the parser with the body as it arrives."""
        with PushMultipartParser(
            boundary,
            max_header_count=8,
            max_segment_size=PHOTO_BYTES_MAX + 1,
            max_segment_count=FIELDS_MAX,
            strict=True,
        ) as parser:
            async for piece in request.stream():
                for event in parser.parse(piece):
                    self._take(event)

    def _take(self, event: MultipartSegment | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif event is None:
            self._end()
        elif self._name is None and self.receiver is not None:
            self.receiver.add(event)
        else:
            self._value += event
            if len(self._value) > FIELD_BYTES_MAX:
                raise Malformed(Text("表单字段过长", "A form field is too long"))

    def _begin(self, segment: MultipartSegment) -> None:
        is_file = segment.name in FILE_FIELDS
        if (is_file and self.receiver is not None) or segment.name in self.fields:
            raise Malformed(Text("表单中字段重复", "A form field is repeated"))
        if is_file:
            self.receiver, self._name = Receiver(), None
        else:
            self._name = segment.name

    def _end(self) -> None:
        if self._name is not None:
            self.fields[self._name] = self._value.decode()
        self._name, self._value = None, bytearray()

    def close(self) -> None:
        """Drops a half-received file."""
        if self.receiver is not None:
            self.receiver.close()
