"""ISO base media boxes (HEIF, MP4): a length, a type, contents; they tile the file."""

from collections.abc import Iterator

from media.formats.layout import malformed, truncated
from media.limits import PHOTO_PARTS_MAX


def walk(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yields (type, start of contents, end) for each box between `at` and `end`; raises `Unfit`."""
    for _ in range(PHOTO_PARTS_MAX):
        if at == end:
            return
        if end - at < 8:
            raise truncated("ends inside a box header")
        length, kind, start = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], at + 8
        if length == 1:
            if end - at < 16:
                raise truncated("ends inside a box header")
            length, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        elif length == 0:
            length = end - at
        if length < start - at:
            raise malformed("box length")
        if at + length > end:
            raise truncated("ends inside a box")
        at += length
        yield kind, start, at
    raise malformed("too many boxes")
