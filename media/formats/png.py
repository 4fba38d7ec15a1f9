"""PNG: every chunk with its checksum, from IHDR to IEND."""

import zlib

from media.formats.layout import Layout, Unfit, malformed, truncated
from media.limits import PHOTO_PARTS_MAX

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHECKSUM_BYTES = 4
TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"iCCP"})


def chunks(data: bytes) -> list[tuple[bytes, int, int]]:
    """(type, start, end) of the contents of every chunk up to IEND; raises `Unfit`."""
    found: list[tuple[bytes, int, int]] = []
    at = len(SIGNATURE)
    while not found or found[-1][0] != b"IEND":
        if at + 12 > len(data):
            raise truncated("no end chunk")
        length, kind, start = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], at + 8
        if not kind.isalpha():
            raise malformed("chunk type")
        at = start + length + 4
        if at > len(data):
            raise truncated("ends inside a chunk")
        if zlib.crc32(memoryview(data)[start - 4 : at - 4]) != int.from_bytes(data[at - 4 : at], "big"):
            raise malformed(f"checksum of {kind!r}")
        found.append((kind, start, at - 4))
        if len(found) > PHOTO_PARTS_MAX:
            raise Unfit("photo-too-complex", "chunks", limit=PHOTO_PARTS_MAX, found=len(found))
    return found


def read(data: bytes) -> Layout:
    """The layout of a PNG file; raises `Unfit`."""
    found = chunks(data)
    kind, start, end = found[0]
    if kind != b"IHDR" or end - start != 13:
        raise malformed("no header chunk")
    kinds = [entry[0] for entry in found]
    if b"IDAT" not in kinds or kinds.count(b"IHDR") > 1:
        raise malformed("no picture")
    animation = next((span for name, *span in found if name == b"acTL"), None)
    frames = int.from_bytes(data[animation[0] : animation[0] + 4], "big") if animation else 1
    exif = next(((a, b) for name, a, b in found if name == b"eXIf"), None)
    return Layout(
        format="PNG",
        width=int.from_bytes(data[start : start + 4], "big"),
        height=int.from_bytes(data[start + 4 : start + 8], "big"),
        frames=max(1, frames),
        end=found[-1][2] + CHECKSUM_BYTES,
        metadata=tuple((a, b) for name, a, b in found if name in TEXTS or (name[:1].islower() and name != b"fdAT")),
        exif=exif,
    )
