"""Files as phones and strangers make them: every format, mode and trailer, made on the spot."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import pillow_heif
from PIL import Image, ImageCms

from media.samples import painted, sample_exif
from tests.builders.media import ORDINARY

pillow_heif.register_heif_opener()
SIZE = (640, 480)
SECRET = b"CANARY-31.2304N-121.4737E"  # stands in every metadata block; must never appear in a copy


@lru_cache(maxsize=8)
def scene(size: tuple[int, int] = SIZE) -> Image.Image:
    return painted("river", seed=7, size=size)


def exif(orientation: int = 1) -> Image.Exif:
    chosen = {name: ORDINARY[name] for name in ("taken_at", "latitude", "longitude")}
    made = sample_exif(**chosen, orientation=orientation)
    made[0x010E] = SECRET.decode()  # ImageDescription
    return made


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def xmp() -> bytes:
    return (
        b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><dc>'
        + SECRET
        + b'</dc></x:xmpmeta><?xpacket end="w"?>'
    )


def p3_profile() -> bytes:
    return bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes())


def jpeg(**options: Any) -> bytes:
    return saved(scene(), "JPEG", **{"quality": 85, "exif": exif(), "xmp": xmp(), "comment": SECRET, **options})


def oriented(turn: int) -> bytes:
    """A JPEG whose upright picture has a red corner at the upper left, stored turned by `turn`."""
    upright = scene().copy()
    upright.paste((255, 0, 0), (0, 0, 200, 120))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright if turn == 1 else upright.transpose(Image.Transpose(undo[turn]))
    return saved(stored, "JPEG", quality=90, exif=exif(turn))


def mpo() -> bytes:
    return saved(scene(), "MPO", save_all=True, append_images=[scene((320, 240))], exif=exif())


def animated(kind: str, frames: int = 2) -> bytes:
    others = [painted("smoke", seed=n, size=(64, 48)) for n in range(frames - 1)]
    return saved(scene((64, 48)), kind, save_all=True, append_images=others, duration=100)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of_zeros(width: int, height: int, *, depth: int = 1) -> bytes:
    """A grey PNG of any size in a few kilobytes: a bomb when the size is large."""
    row = b"\0" + bytes((width * depth + 7) // 8)
    packer = zlib.compressobj(9)
    rows = [packer.compress(row) for _ in range(height)] + [packer.flush()]
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"".join(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def heic(**options: Any) -> bytes:
    return saved(scene(), "HEIF", quality=60, exif=exif().tobytes(), **options)


def heic_with_depth() -> bytes:
    file = pillow_heif.from_pillow(scene())
    out = io.BytesIO()
    file.save(out, quality=60, exif=exif().tobytes())
    return out.getvalue()


def samsung_trailer(blocks: list[tuple[int, bytes, bytes]]) -> bytes:
    """What Samsung appends: named blocks, a directory that points back at them, `SEFT`."""
    body, spans = b"", []
    for kind, name, content in blocks:
        block = struct.pack("<HHI", 0, kind, len(name)) + name + content
        spans.append((kind, len(body), len(block)))
        body += block
    entries = b"".join(struct.pack("<HHII", 0, kind, len(body) - at, size) for kind, at, size in spans)
    directory = b"SEFH" + struct.pack("<II", 107, len(spans)) + entries
    return body + directory + struct.pack("<I", len(directory)) + b"SEFT"


def video() -> bytes:
    """The shape of an MP4 file."""
    return struct.pack(">I4s4sI4s", 20, b"ftyp", b"mp42", 0, b"isom") + struct.pack(">I4s", 8 + 64, b"mdat") + bytes(64)


@cache
def _plain_heic() -> bytes:
    return heic()


GOOD: dict[str, Callable[[], bytes]] = {
    "jpeg": jpeg,
    **{f"orientation {n}": (lambda n=n: oriented(n)) for n in range(1, 9)},
    "progressive": lambda: jpeg(progressive=True),
    "optimised": lambda: jpeg(optimize=True),
    "restart markers": lambda: jpeg(restart_marker_blocks=4),
    "4:4:4": lambda: jpeg(subsampling=0),
    "grey": lambda: saved(scene().convert("L"), "JPEG", exif=exif()),
    "cmyk": lambda: saved(scene().convert("CMYK"), "JPEG", exif=exif()),
    "profile": lambda: jpeg(icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
    "unfit profile": lambda: jpeg(icc_profile=p3_profile()),
    "broken profile": lambda: jpeg(icc_profile=b"not a profile" * 20 + SECRET),
    "one pixel": lambda: saved(scene((1, 1)), "JPEG"),
    "very wide": lambda: saved(scene((4000, 8)), "JPEG"),
    "mpo": mpo,
    "two jpegs": lambda: jpeg() + saved(scene((320, 240)), "JPEG"),
    "zero padding": lambda: jpeg() + bytes(512),
    "samsung": lambda: jpeg() + samsung_trailer([(0x0A01, b"Image_UTC_Data", b"1700000000000")]),
    "samsung motion": lambda: jpeg() + samsung_trailer([(0x0A30, b"MotionPhoto_Data", video())]),
    "motion photo": lambda: jpeg(xmp=b'<x:xmpmeta GCamera:MotionPhoto="1"/>') + video(),
    "live photo": lambda: jpeg() + video() + b"v2_f33      0:0         LIVE_2987654     ",
    "png": lambda: saved(scene(), "PNG", exif=exif()),
    "png alpha": lambda: saved(scene().convert("RGBA"), "PNG"),
    "png palette": lambda: saved(scene().convert("P"), "PNG"),
    "png palette transparent": lambda: saved(scene().convert("P"), "PNG", transparency=0),
    "png 16 bit": lambda: saved(scene().convert("I").point(lambda v: v * 257).convert("I;16"), "PNG"),
    "png 1 bit": lambda: saved(scene().convert("1"), "PNG"),
    "png grey alpha": lambda: saved(scene().convert("LA"), "PNG"),
    "webp": lambda: saved(scene(), "WEBP", exif=exif(), xmp=xmp()),
    "webp lossless": lambda: saved(scene(), "WEBP", lossless=True, exif=exif()),
    "webp alpha": lambda: saved(scene().convert("RGBA"), "WEBP"),
    "heic": _plain_heic,
    "heic turned": lambda: saved(scene(), "HEIF", exif=exif(6).tobytes()),
    "heic 10 bit": lambda: saved(scene(), "HEIF", quality=60),
    "heic alpha": lambda: saved(scene().convert("RGBA"), "HEIF", quality=60),
    "heic with thumbnail": lambda: heic(thumbnails=[128]),
}
