"""HEIF and HEIC stills: the boxes of the file, the brand, no image sequences."""

from media.formats import boxes
from media.formats.layout import Layout, Unfit, foreign, malformed

MAIN_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2"})
SEQUENCE_BRANDS = frozenset({b"hevc", b"hevx", b"hevm", b"hevs", b"msf1"})
HEVC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
OTHER_CODECS = frozenset({b"avif", b"avis", b"jpeg", b"j2ki", b"vvic", b"avci"})  # alone, or as the main brand
KNOWN = frozenset(
    {b"ftyp", b"meta", b"mdat", b"free", b"skip", b"wide", b"uuid", b"idat", b"mpvd", b"sefd", b"pdin", b"etyp"}
)


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
    seen: list[bytes] = []
    metadata: list[tuple[int, int]] = []
    for kind, start, end in boxes.walk(data, 0, len(data)):
        seen.append(kind)
        if kind == b"moov":
            raise Unfit("photo-animated", "image sequence", limit=1, found=2)
        if kind not in KNOWN:
            raise foreign(f"box {kind!r}")
        if kind in (b"meta", b"uuid", b"free", b"skip"):
            metadata.append((start, end))
    if seen.count(b"ftyp") != 1 or seen.count(b"meta") != 1 or seen[0] != b"ftyp":
        raise malformed("boxes of a still picture are missing or repeated")
    if data[8:12] in SEQUENCE_BRANDS:
        raise Unfit("photo-animated", "image sequence", limit=1, found=2)
    return Layout(format="HEIF", width=None, height=None, frames=1, metadata=tuple(metadata), exif=None)
