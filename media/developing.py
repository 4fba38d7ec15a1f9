"""From the bytes of a stranger's file to two clean public copies, the facts and the hashes. Runs in the decoding child.

Order matters for cost: JPEGs are decoded at the smallest of libjpeg's scales that is not below the wanted size, resized
to the exact size, and only then turned upright and converted to sRGB.
"""

import io
from collections.abc import Sequence
from functools import lru_cache

import pillow_heif
from PIL import Image, ImageCms

from media import exif
from media.answers import Box, Developed
from media.formats.inspection import check_pixels, inspect
from media.formats.jpeg import Walk
from media.formats.layout import Layout, Unfit
from media.likeness import likeness_of
from media.limits import LARGE_QUALITY, LARGE_SIDE_PX, PHOTO_PIXELS_MAX, SMALL_QUALITY, SMALL_SIDE_PX

# The thumbnail inside a HEIC may show something else than the picture; it is never looked at.
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
Image.MAX_IMAGE_PIXELS = PHOTO_PIXELS_MAX

UPRIGHT = {  # EXIF orientation to the turn that undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
BARE_SEGMENTS_LABELLED = frozenset({0xE0})  # the JFIF header is all a public copy may carry


def develop(data: bytes, boxes: Sequence[Box] = ()) -> Developed:
    """Develops one file, with `boxes` burned into the copies.

    Raises `Unfit`, or anything of `exif.READER_ERRORS` when a decoder gives up.
    """
    layout = inspect(data)
    with Image.open(io.BytesIO(data[: layout.end]), formats=[layout.format]) as image:
        check_pixels(*image.size)
        _check_agreement(layout, image)
        facts, turn = exif.read(image)
        block = _exif_block(data, layout, image)
        if exif.missed_something(facts, block):
            facts = exif.joined(facts, exif.read_again(block))
        picture = copy_of(image, LARGE_SIDE_PX, turn=turn)
        width, height = image_size(layout, image)[::-1] if turn >= 5 else image_size(layout, image)
    burn(picture, boxes)
    small = shrunk(picture, target(picture.size, SMALL_SIDE_PX))
    return Developed(
        format=layout.format,
        width=width,
        height=height,
        facts=facts,
        likeness=likeness_of(small),
        large=encoded(picture, LARGE_QUALITY),
        small=encoded(small, SMALL_QUALITY),
        large_size=picture.size,
        small_size=small.size,
    )


def burn(picture: Image.Image, boxes: Sequence[Box]) -> None:
    """Paints the boxes black, a pixel wider on each side so that no edge shines through."""
    width, height = picture.size
    for box in boxes:
        left, top = int(box.left * width) - 1, int(box.top * height) - 1
        right, bottom = round((box.left + box.width) * width) + 1, round((box.top + box.height) * height) + 1
        picture.paste((0, 0, 0), (max(0, left), max(0, top), min(width, right), min(height, bottom)))


def image_size(layout: Layout, image: Image.Image) -> tuple[int, int]:
    """The stored size in pixels (a draft changes the size Pillow reports)."""
    return (layout.width, layout.height) if layout.width and layout.height else image.size


def _check_agreement(layout: Layout, image: Image.Image) -> None:
    """The decoder must see the file the inspection saw: two opinions about the size are a trick."""
    if layout.width is not None and (layout.width, layout.height) != image.size:
        raise Unfit("photo-unreadable", f"{layout.width}x{layout.height} or {image.size}")


def _exif_block(data: bytes, layout: Layout, image: Image.Image) -> bytes:
    if layout.exif is not None:
        return data[slice(*layout.exif)]
    block = image.info.get("exif")
    return block.removeprefix(b"Exif\0\0") if isinstance(block, bytes) else b""


def target(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size whose longer side is at most `side` px, in the same proportion; never larger than `size`."""
    scale = side / max(size)
    if scale >= 1:
        return size
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def copy_of(image: Image.Image, side: int, *, turn: int) -> Image.Image:
    """An upright sRGB picture without transparency, its longer side at most `side` px."""
    profile = image.info.get("icc_profile")
    size = target(image.size, side)
    image.draft(None, size)
    picture = srgb(shrunk(flat(image), size), profile)
    return picture.transpose(UPRIGHT[turn]) if turn in UPRIGHT else picture


def flat(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be resized: RGB, RGBA, L, LA or CMYK at 8 bits."""
    image.load()
    if image.mode in ("RGB", "L", "CMYK", "RGBA", "LA", "YCbCr"):
        return image
    if image.mode.startswith("I;16"):
        return image.point(lambda level: level * (1 / 256)).convert("L")
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("P", "PA", "La", "RGBa"):
        return image.convert("RGBA" if image.mode != "P" or "transparency" in image.info else "RGB")
    return image.convert("RGB")


def shrunk(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A smaller copy; the same picture when it has this size already."""
    if picture.size == size:
        return picture
    # Resizing is most of what ingest adds to decoding. Averaging costs a quarter less than Hamming and 60 % less than
    # Lanczos; small print reads as well (at 4/5 of a scaled decode 36 dB, Hamming 39 dB, against a full-size Lanczos).
    return picture.resize(size, Image.Resampling.BOX, reducing_gap=1.25)


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


def srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture as sRGB on white. A profile that does not fit the picture is ignored, as browsers do."""
    if picture.mode in ("RGBA", "LA"):
        whole = picture.convert("RGBA")
        picture = Image.new("RGB", picture.size, "white")
        picture.paste(whole, mask=whole.getchannel("A"))
    if profile and not is_srgb(profile):
        try:
            converted = ImageCms.applyTransform(picture, _transform(profile, picture.mode))
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        if converted is not None:
            return converted
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def is_srgb(profile: bytes) -> bool:
    """Whether the profile calls itself sRGB: converting would only cost."""
    return b"sRGB" in profile[:1024] or b"s\0R\0G\0B\0" in profile[:1024]


def encoded(picture: Image.Image, quality: int) -> bytes:
    """A baseline JPEG of nothing but pixels; raises `AssertionError` when the encoder adds anything."""
    out = io.BytesIO()
    picture.info = {}
    picture.save(out, "JPEG", quality=quality, exif=b"", icc_profile=None, comment=None)
    data = out.getvalue()
    walk = Walk(data)
    walk.run()
    labelled = {marker for marker, _, _ in walk.labelled}
    if walk.end != len(data) or not labelled <= BARE_SEGMENTS_LABELLED:
        raise AssertionError("a public copy carries more than pixels")
    return data
