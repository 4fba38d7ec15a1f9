"""One look at a whole file: which format it is, that its picture is complete, and that it is nothing else as well."""

from media.formats import heif, jpeg, png, polyglot, tail, webp
from media.formats.layout import Layout, Unfit
from media.limits import PHOTO_FRAMES_MAX, PHOTO_PIXELS_MAX


def inspect(data: bytes) -> Layout:
    """The layout of an acceptable file; raises `Unfit` with the reason otherwise."""
    layout = _read(data)
    polyglot.check(data, layout.metadata)
    if layout.end != len(data):
        tail.check(data, layout.end)
    if layout.frames > PHOTO_FRAMES_MAX:
        raise Unfit("photo-animated", "frames", limit=PHOTO_FRAMES_MAX, found=layout.frames)
    if layout.width is not None and layout.height is not None:
        check_pixels(layout.width, layout.height)
    return layout


def check_pixels(width: int, height: int) -> None:
    """Raises `Unfit` for an empty picture or one above the pixel limit."""
    if width < 1 or height < 1:
        raise Unfit("photo-unreadable", "empty picture")
    if width * height > PHOTO_PIXELS_MAX:
        raise Unfit("photo-too-many-pixels", f"{width}x{height}", limit=PHOTO_PIXELS_MAX, found=width * height)


def _read(data: bytes) -> Layout:
    if not data:
        raise Unfit("photo-empty", "no bytes")
    if data.startswith(b"\xff\xd8\xff"):
        return jpeg.read(data)
    if data.startswith(png.SIGNATURE):
        return png.read(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return webp.read(data)
    if heif.is_heif(data):
        return heif.read(data)
    if data[4:8] == b"ftyp" and data[8:12] in VIDEO_BRANDS:
        raise Unfit("video-not-supported", "a video")
    raise Unfit("photo-type-unsupported", "neither JPEG, PNG, WebP nor HEIC")


VIDEO_BRANDS = frozenset(
    {
        b"isom",
        b"iso2",
        b"iso4",
        b"iso5",
        b"iso6",
        b"mp41",
        b"mp42",
        b"avc1",
        b"qt  ",
        b"M4V ",
        b"3gp4",
        b"3gp5",
        b"3gp6",
        b"dash",
    }
)
