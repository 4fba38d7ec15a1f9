"""WebP: the chunks of one RIFF container."""

from media.formats.layout import Layout, malformed, truncated
from media.limits import PHOTO_PARTS_MAX

PICTURE = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})


def chunks(data: bytes) -> list[tuple[bytes, int, int]]:
    """(type, start, end) of the contents of every chunk; raises `Unfit`."""
    total = int.from_bytes(data[4:8], "little") + 8
    if total > len(data):
        raise truncated("shorter than its container says")
    found: list[tuple[bytes, int, int]] = []
    at = 12
    while at < total:
        if at + 8 > total or len(found) >= PHOTO_PARTS_MAX:
            raise malformed("chunk header")
        start = at + 8
        end = start + int.from_bytes(data[at + 4 : start], "little")
        if end > total:
            raise malformed("chunk length")
        found.append((data[at : at + 4], start, end))
        at = end + (end & 1)
    return found


def read(data: bytes) -> Layout:
    """The layout of a WebP file; raises `Unfit`."""
    found = chunks(data)
    if not found:
        raise malformed("no chunks")
    frames = sum(kind == b"ANMF" for kind, _, _ in found)
    if not frames and not any(kind in (b"VP8 ", b"VP8L") for kind, _, _ in found):
        raise malformed("no picture")
    width, height = _size(data, *found[0][:2])
    exif = next(((start, end) for kind, start, end in found if kind == b"EXIF"), None)
    if exif and data[exif[0] : exif[0] + 6] == b"Exif\0\0":
        exif = exif[0] + 6, exif[1]
    metadata = tuple((start, end) for kind, start, end in found if kind not in PICTURE)
    end = int.from_bytes(data[4:8], "little") + 8
    return Layout(
        format="WEBP", width=width, height=height, frames=max(1, frames), end=end, metadata=metadata, exif=exif
    )


def _size(data: bytes, kind: bytes, at: int) -> tuple[int, int]:
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[at + 4 : at + 7], "little"), 1 + int.from_bytes(data[at + 7 : at + 10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[at + 1 : at + 5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = data[at + 6 : at + 8], data[at + 8 : at + 10]
        return int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(height, "little") & 0x3FFF
    raise malformed("first chunk")
