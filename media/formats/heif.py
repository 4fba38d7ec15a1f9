"""HEIF and HEIC stills: the boxes of the file, the brand, no image sequences."""

from collections.abc import Iterator

from media.formats.layout import Layout, Unfit, malformed, truncated
from media.limits import PHOTO_PARTS_MAX

MAIN_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2"})
SEQUENCE_BRANDS = frozenset({b"hevc", b"hevx", b"hevm", b"hevs", b"msf1"})
HEVC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
OTHER_CODECS = frozenset({b"avif", b"avis", b"jpeg", b"j2ki", b"vvic", b"avci"})  # alone, or as the main brand
PICTURE = frozenset({b"meta", b"mdat"})
KNOWN = PICTURE | {b"free", b"skip", b"wide", b"uuid", b"idat", b"mpvd", b"sefd"}
BOX_HEADER_BYTES, LONG_HEADER_BYTES = 8, 16

Box = tuple[bytes, int, int]  # type, start of contents, end


def is_heif(data: bytes) -> bool:
    """Whether the file announces itself as HEIF with HEVC pictures."""
    if data[4:8] != b"ftyp":
        return False
    brands, main = _brands(data), data[8:12]
    if main in OTHER_CODECS or (brands & OTHER_CODECS and not brands & HEVC_BRANDS):
        return False
    return not brands.isdisjoint(MAIN_BRANDS | SEQUENCE_BRANDS)


def _brands(data: bytes) -> set[bytes]:
    end = min(int.from_bytes(data[:4], "big"), len(data), 256)
    return {data[8:12]} | {data[at : at + 4] for at in range(16, end - 3, 4)}


def read(data: bytes) -> Layout:
    """The layout of a HEIF file; its size is known to the decoder only. Raises `Unfit`."""
    found = list(_boxes(data))
    kinds = [kind for kind, _, _ in found]
    if b"moov" in kinds or data[8:12] in SEQUENCE_BRANDS:
        raise Unfit("photo-animated", "image sequence", limit=1, found=2)
    if kinds.count(b"ftyp") != 1 or kinds.count(b"meta") != 1 or kinds[0] != b"ftyp":
        raise malformed("boxes of a still picture are missing or repeated")
    metadata = tuple((start, end) for kind, start, end in found if kind not in (b"ftyp", b"mdat"))
    return Layout(format="HEIF", width=None, height=None, frames=1, end=found[-1][2], metadata=metadata, exif=None)


def _boxes(data: bytes) -> Iterator[Box]:
    """The boxes that tile the file, up to the first thing behind a complete picture that is none; raises `Unfit`."""
    at, missing = 0, set(PICTURE)
    for _ in range(PHOTO_PARTS_MAX):
        if at == len(data):
            return
        box = _box(data, at)
        if not missing and (box is None or box[0] == b"ftyp" or (box[2] > len(data) and box[0] not in KNOWN)):
            return  # a video, or bytes of the phone's own
        if box is None:
            raise truncated("ends inside a box header") if len(data) - at < LONG_HEADER_BYTES else malformed("no box")
        if box[2] > len(data):
            raise truncated("ends inside a box")
        at = box[2]
        missing.discard(box[0])
        yield box
    raise malformed("too many boxes")


def _box(data: bytes, at: int) -> Box | None:
    length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + BOX_HEADER_BYTES]
    start = at + BOX_HEADER_BYTES
    if length == 1:
        start = at + LONG_HEADER_BYTES
        length = int.from_bytes(data[at + BOX_HEADER_BYTES : start], "big")
    elif length == 0:
        length = len(data) - at
    if start > len(data) or length < start - at or not (kind.isascii() and kind.decode("latin-1").isprintable()):
        return None
    return kind, start, at + length
