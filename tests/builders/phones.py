"""Files in the shape phones write them: the blocks of makers behind a JPEG, and the tiled HEIC of an iPhone."""

import random
import struct
from collections.abc import Callable
from functools import cache

from PIL import Image

from media.samples import painted
from tests.builders.pictures import SECRET, exif, jpeg, mpo, png_chunk, samsung_trailer, saved, scene, video

TILE = 512  # pixels; an iPhone's tiles


def noise(size: int) -> bytes:
    """Bytes of no known format: a depth map, a raw frame."""
    return random.Random(size).randbytes(size)


def box(kind: bytes, *contents: bytes) -> bytes:
    body = b"".join(contents)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, version: int, flags: int, *contents: bytes) -> bytes:
    return box(kind, bytes([version]), flags.to_bytes(3, "big"), *contents)


def boxes_of(data: bytes, at: int = 0, end: int | None = None) -> list[tuple[bytes, bytes]]:
    found, end = [], len(data) if end is None else end
    while at < end:
        length, kind = struct.unpack_from(">I4s", data, at)
        found.append((kind, data[at + 8 : at + length]))
        at += length
    return found


def inner(data: bytes, *path: bytes) -> bytes:
    """The contents of a box by its path."""
    for kind in path:
        skip = 4 if kind == b"iprp" and data[:4] == b"\0\0\0\0" else 0
        data = dict(boxes_of(data, skip))[kind]
    return data


@cache
def _coded_tile() -> tuple[bytes, bytes]:
    """(decoder configuration, coded picture) of one tile, made by pillow-heif."""
    data = saved(painted("river", seed=3, size=(TILE, TILE)), "HEIF", quality=60)
    meta = inner(data, b"meta")[4:]
    configuration = inner(meta, b"iprp", b"ipco", b"hvcC")
    return configuration, inner(data, b"mdat")


def _described(tiles: range, *, turn: int, size: tuple[int, int]) -> tuple[bytes, bytes, bytes]:
    """The boxes that name the items, tie tiles and EXIF to the grid, and give each its properties."""
    configuration, _ = _coded_tile()
    grid, facts = len(tiles) + 1, len(tiles) + 2
    names = [(tile, b"hvc1") for tile in tiles] + [(grid, b"grid"), (facts, b"Exif")]
    entries = [full_box(b"infe", 2, 0, struct.pack(">HH4s", item, 0, kind), b"\0") for item, kind in names]
    tied = box(b"dimg", struct.pack(f">HH{len(tiles)}H", grid, len(tiles), *tiles))
    tied += box(b"cdsc", struct.pack(">HHH", facts, 1, grid))
    properties = box(
        b"ipco",
        box(b"hvcC", configuration),
        full_box(b"ispe", 0, 0, struct.pack(">II", TILE, TILE)),
        full_box(b"ispe", 0, 0, struct.pack(">II", *size)),
        box(b"irot", bytes([{1: 0, 8: 1, 3: 2, 6: 3}[turn]])),
    )
    held = [(tile, b"\x81\x02") for tile in tiles] + [(grid, b"\x03\x84")]
    used = b"".join(struct.pack(">HB", item, len(own)) + own for item, own in held)
    return (
        full_box(b"iinf", 0, 0, struct.pack(">H", len(entries)), *entries),
        full_box(b"iref", 0, 0, tied),
        box(b"iprp", properties, full_box(b"ipma", 0, 0, struct.pack(">I", len(held)), used)),
    )


def iphone_heic(width: int = 1000, height: int = 700, *, turn: int = 1) -> bytes:
    """A HEIC as iPhones write it: a grid of tiles, its geometry in `idat`, EXIF as an item, the turn as `irot`.

    All items share one coded tile, so that a picture of 48 megapixels is made in no time; decoding costs the same.
    """
    columns, rows = -(-width // TILE), -(-height // TILE)
    _, coded = _coded_tile()
    tiles = range(1, columns * rows + 1)
    grid, facts = columns * rows + 1, columns * rows + 2
    block = struct.pack(">I", 6) + exif(turn).tobytes()
    items, links, properties = _described(tiles, turn=turn, size=(width, height))
    geometry = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)

    def meta(start: int) -> bytes:
        spots = [(tile, 0, start, len(coded)) for tile in tiles]
        spots += [(grid, 1, 0, len(geometry)), (facts, 0, start + len(coded), len(block))]
        located = b"".join(struct.pack(">HHHHII", item, way, 0, 1, at, size) for item, way, at, size in spots)
        return full_box(
            b"meta",
            0,
            0,
            full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", 0, 0, struct.pack(">H", grid)),
            items,
            links,
            properties,
            box(b"idat", geometry),
            full_box(b"iloc", 1, 0, struct.pack(">HH", 0x4400, len(spots)), located),
        )

    head = box(b"ftyp", b"heic", bytes(4), b"mif1MiHEmiafheic")
    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", coded, block)


def motion_xmp(*, length: int) -> bytes:
    """Google's description of a motion photo."""
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description GCamera:MotionPhoto="1" GCamera:MicroVideoOffset="{length}"'
        f' Item:Semantic="MotionPhoto" Item:Length="{length}"/></x:xmpmeta>'
    ).encode()


def ultra_hdr(image: Image.Image | None = None) -> bytes:
    """A JPEG with its gain map as a second JPEG, announced by XMP."""
    gain_map = saved((image or scene((160, 120))).convert("L"), "JPEG", quality=50)
    return jpeg(xmp=b'<x:xmpmeta hdrgm:Version="1.0" Item:Semantic="GainMap"/>') + gain_map


def with_stray_bytes() -> bytes:
    """A camera that miscounts a segment: bytes between two segments, which every decoder skips."""
    data = jpeg()
    at = 2 + 2 + int.from_bytes(data[4:6], "big")
    return data[:at] + b"\x00\x10" + data[at:]


def burst_trailer() -> bytes:
    return b'vivo{"com.vivo.camera":{"mode":"night","scene":[1,2]}}' + struct.pack(">I", 55) + b"cameraAlbum"


PHONES: dict[str, Callable[[], bytes]] = {
    "one byte behind": lambda: jpeg() + b"\x01",
    "a line end behind": lambda: jpeg() + b"\r\n",
    "two ends": lambda: jpeg() + b"\xff\xd9",
    "zeros to a block of 64 KiB": lambda: jpeg() + bytes(65_536),
    "ones behind": lambda: jpeg() + b"\xff" * 4_096,
    "samsung with an unknown directory": lambda: jpeg() + noise(300) + b"SEFH" + noise(40) + b"SEFT",
    "samsung dual shot": lambda: (
        jpeg()
        + samsung_trailer(
            [
                (0x0AB1, b"DualShot_DepthMap_1", noise(9_000)),
                (0x0AA1, b"DualShot_Extra", jpeg()),
                (0x0A01, b"UTC", b"17"),
            ]
        )
    ),
    "samsung motion behind a gain map": lambda: ultra_hdr() + samsung_trailer([(0x0A30, b"MotionPhoto_Data", video())]),
    "xiaomi motion": lambda: jpeg(xmp=motion_xmp(length=len(video()))) + video(),
    "xiaomi portrait": lambda: jpeg() + jpeg(quality=40) + noise(20_000),
    "motion without announcement": lambda: jpeg() + video() + noise(5_000),
    "huawei depth": lambda: jpeg() + noise(50_000) + b"DepthEn\0" + bytes(16),
    "huawei live": lambda: jpeg() + video() + b"v2_f33      0:0         LIVE_2987654     ",
    "oppo": lambda: jpeg() + noise(1_000) + b'{"version":1,"items":[{"name":"watermark"}]}jxrs\0\0\0\0',
    "vivo": lambda: jpeg() + burst_trailer(),
    "google ultra hdr": ultra_hdr,
    "google ultra hdr motion": lambda: ultra_hdr() + video(),
    "google depth": lambda: jpeg() + jpeg(quality=70) + saved(scene((320, 240)).convert("L"), "JPEG") + video(),
    "a second picture of an unknown kind": lambda: jpeg() + b"\xff\xd8\xff\xe0\x00\x01" + noise(500) + b"\xff\xd9",
    "MPO": mpo,
    "MPO that lost its second picture": lambda: mpo()[: mpo().index(b"\xff\xd9\xff\xd8") + 2],
    "stray bytes between segments": with_stray_bytes,
    "screenshot with an old end behind it": lambda: saved(scene(), "PNG") + png_chunk(b"IDAT", noise(900)) + noise(80),
    "samsung screenshot": lambda: saved(scene(), "PNG") + samsung_trailer([(0x0C61, b"Camera_Scene", SECRET)]),
    "webp with padding": lambda: saved(scene(), "WEBP") + bytes(7),
    "iphone": iphone_heic,
    "iphone turned": lambda: iphone_heic(turn=6),
    "iphone with a byte behind": lambda: iphone_heic() + b"\n",
    "heic with padding": lambda: iphone_heic() + bytes(1_000),
    "heic with a maker's box": lambda: (
        iphone_heic() + box(b"sefd", samsung_trailer([(1, b"x", SECRET)])) + box(b"vndr", noise(70))
    ),
    "heic motion in its box": lambda: iphone_heic() + box(b"mpvd", video()),
    "heic motion behind": lambda: iphone_heic() + video(),
    "heic with a raw trailer": lambda: iphone_heic() + noise(400) + b"SEFT",
}
