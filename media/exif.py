"""Two readers of EXIF: Pillow first, ExifRead for what Pillow gives up on. Runs in the decoding child only.

Neither can make a photograph fail: both raise almost anything on hostile input, and all of it means "no facts".
"""

import io
import signal
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

import exifread
from PIL import Image

from media.facts import ORIENTATION, CameraFacts, facts_of
from media.limits import EXIF_BYTES_MAX, SECOND_READER_S

EXIF_BLOCK, GPS_BLOCK = 0x8769, 0x8825

# What Pillow, pillow-heif and ExifRead have been seen to raise on damaged files. SyntaxError is Pillow's own choice.
READER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    struct.error,
    zlib.error,
)


def read(image: Image.Image) -> tuple[CameraFacts, int]:
    """The facts and the orientation tag (1 to 8, 1 when absent) of an opened image."""
    try:
        base = image.getexif()
        facts = facts_of(base, _block(base, EXIF_BLOCK), _block(base, GPS_BLOCK))
        turn = base.get(ORIENTATION, 1)
    except READER_ERRORS:
        facts, turn = CameraFacts(), 1
    turn = turn if isinstance(turn, int) and 1 <= turn <= 8 else 1
    return facts, turn


def _block(base: Image.Exif, tag: int) -> Mapping[int, Any]:
    try:
        return base.get_ifd(tag)
    except READER_ERRORS:
        return {}


def missed_something(facts: CameraFacts, block: bytes) -> bool:
    """Whether the block seems to name a place or a time that the first reader did not give.

    Most photographs of phones simply have none, and the second reader costs twenty times as much as the first.
    """
    place = facts.place is None and (b"\x88\x25" in block or b"\x25\x88" in block)
    time = facts.taken_at is None and (b"\x90\x03" in block or b"\x03\x90" in block)
    return place or time


def read_again(block: bytes) -> CameraFacts:
    """The facts ExifRead finds in an EXIF block that begins at its TIFF header; empty when it fails or takes long."""
    if not block or len(block) > EXIF_BYTES_MAX:
        return CameraFacts()
    try:
        with _at_most(SECOND_READER_S):
            tags = exifread.process_file(io.BytesIO(block), details=False, extract_thumbnail=False)
            return facts_of(_numbers(tags, "Image "), _numbers(tags, "EXIF "), _numbers(tags, "GPS "))
    except READER_ERRORS:
        return CameraFacts()


def _numbers(tags: Mapping[str, Any], prefix: str) -> dict[int, Any]:
    """ExifRead's tags of one block, by number, as Pillow would give them."""
    found: dict[int, Any] = {}
    for name, tag in tags.items():
        if name.startswith(prefix) and hasattr(tag, "values"):
            values = tag.values
            found[tag.tag] = values[0] if isinstance(values, list) and len(values) == 1 else values
    return found


class TookTooLong(RuntimeError):
    """The second reader used up its time."""


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TookTooLong

    previous = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)


def joined(first: CameraFacts, second: CameraFacts) -> CameraFacts:
    """The first reader's facts, completed by the second's."""
    names = [name for name in CameraFacts.__struct_fields__ if name not in ("taken_at", "taken_zone")]
    values = {
        name: getattr(first, name) if getattr(first, name) is not None else getattr(second, name) for name in names
    }
    timed = first if first.taken_at else second
    return CameraFacts(taken_at=timed.taken_at, taken_zone=timed.taken_zone, **values)
