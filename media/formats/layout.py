"""The shared answer of all format readers, and their one error."""

from typing import Literal

import msgspec

Format = Literal["JPEG", "PNG", "WEBP", "HEIF"]

MEDIA_TYPES: dict[str, Format] = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/heic": "HEIF",
    "image/heif": "HEIF",
}


class Unfit(Exception):
    """The file cannot be a photograph of ours; `code` is the code of the refusal, `note` is for operators."""

    def __init__(self, code: str, note: str = "", *, limit: int | None = None, found: int | None = None) -> None:
        """`limit` and `found` are given when a limit is exceeded, in the unit of the limit."""
        super().__init__(f"{code}: {note}")
        self.code, self.note, self.limit, self.found = code, note, limit, found


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """What the walk over a file found."""

    format: Format
    width: int | None  # None: only the decoder knows (HEIF)
    height: int | None
    frames: int
    end: int  # offset behind the picture; a phone's own blocks may follow, which no decoder is shown
    metadata: tuple[tuple[int, int], ...]  # (start, end) of every block of text or metadata
    exif: tuple[int, int] | None  # (start, end) of the EXIF block, beginning at its TIFF header


def truncated(note: str) -> Unfit:
    """The file ends before its own structure says so."""
    return Unfit("photo-truncated", note)


def malformed(note: str) -> Unfit:
    """The structure contradicts its format."""
    return Unfit("photo-unreadable", note)


def foreign(note: str) -> Unfit:
    """The file holds bytes that are no part of the picture."""
    return Unfit("photo-foreign-content", note)
