"""Photographs made up for the demonstration and for tests: painted scenes with the EXIF a phone would write.

Every picture depends on its arguments only, so a seed run twice makes the same bytes' picture.
"""

import io
import math
import random
from datetime import datetime
from typing import Literal

from PIL import Image, ImageDraw, ImageFilter
from PIL.TiffImagePlugin import IFDRational

from media.facts import (
    ALTITUDE,
    ALTITUDE_REF,
    CLOCK,
    DATE,
    DIRECTION,
    ERROR_M,
    LAT,
    LAT_REF,
    LNG,
    LNG_REF,
    MAKE,
    MODEL,
    MODIFIED,
    OFFSET_ORIGINAL,
    ORIENTATION,
    ORIGINAL,
    SOFTWARE,
)

Scene = Literal["river", "smoke", "dust", "waste"]
Colour = tuple[int, int, int]
GROUND: dict[Scene, tuple[Colour, Colour]] = {  # far and near
    "river": ((110, 120, 96), (58, 70, 52)),
    "smoke": ((150, 150, 146), (96, 98, 92)),
    "dust": ((196, 176, 140), (150, 124, 88)),
    "waste": ((128, 138, 96), (92, 98, 60)),
}
EXIF_BLOCK, GPS_BLOCK = 0x8769, 0x8825


def sample_photo(
    scene: Scene,
    *,
    seed: int,
    taken_at: datetime | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    size: tuple[int, int] = (2016, 1512),
    orientation: int = 1,
) -> bytes:
    """A JPEG of `size` pixels; `taken_at` is aware, the place WGS-84 degrees. What is None is not in the EXIF."""
    out = io.BytesIO()
    exif = sample_exif(taken_at=taken_at, latitude=latitude, longitude=longitude, orientation=orientation)
    painted(scene, seed=seed, size=size).save(out, "JPEG", quality=85, exif=exif)
    return out.getvalue()


def painted(scene: Scene, *, seed: int, size: tuple[int, int]) -> Image.Image:
    """The scene: sky, horizon, ground, what pollutes it, and the grain of a small sensor."""
    chance = random.Random(f"{scene}-{seed}")
    width, height = size
    horizon = round(height * chance.uniform(0.35, 0.55))
    picture = Image.new("RGB", size)
    _shade(picture, (0, 0, width, horizon), (chance.randint(120, 200),) * 2 + (230,), (226, 228, 226))
    _shade(picture, (0, horizon, width, height), *GROUND[scene])
    draw = ImageDraw.Draw(picture)
    _skyline(draw, chance, width=width, horizon=horizon)
    _pollution(draw, chance, scene, size=size, horizon=horizon)
    picture = picture.filter(ImageFilter.GaussianBlur(width / 1600))
    grain = Image.effect_noise(size, 18).point([max(0, v - 118) for v in range(256)])
    return Image.composite(Image.new("RGB", size, "white"), picture, grain)


def _shade(picture: Image.Image, box: tuple[int, int, int, int], top: Colour, bottom: Colour) -> None:
    left, upper, right, lower = box
    ramp = Image.linear_gradient("L").resize((right - left, max(1, lower - upper)))
    picture.paste(
        Image.composite(Image.new("RGB", ramp.size, bottom), Image.new("RGB", ramp.size, top), ramp), (left, upper)
    )


def _skyline(draw: ImageDraw.ImageDraw, chance: random.Random, *, width: int, horizon: int) -> None:
    x = 0
    while x < width:
        w, h = 1 + chance.randint(width // 40, width // 12), chance.randint(horizon // 12, horizon // 2)
        shade = chance.randint(110, 190)
        draw.rectangle((x, horizon - h, x + w, horizon), fill=(shade, shade, shade + 8))
        x += w + chance.randint(0, width // 20)


def _pollution(
    draw: ImageDraw.ImageDraw, chance: random.Random, scene: Scene, *, size: tuple[int, int], horizon: int
) -> None:
    width, height = size
    if scene == "smoke":
        x = chance.randint(width // 4, 3 * width // 4)
        draw.rectangle((x, horizon // 3, x + width // 30, horizon), fill=(120, 90, 84))
        for step in range(60):
            r = width // 40 + step * width // 500
            cx, cy = x + step * width // 90, horizon // 3 - step * horizon // 220
            shade = 60 + step * 2
            draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=(shade, shade, shade))
        return
    if scene == "river":
        bend = chance.uniform(0.2, 0.8)
        for y in range(horizon, height, 2):
            depth = (y - horizon) / (height - horizon)
            middle = width * (bend + 0.15 * math.sin(depth * 3 + chance.random() * 0.02))
            half = width * (0.04 + 0.32 * depth)
            draw.line((middle - half, y, middle + half, y), fill=(60, 72 + int(30 * depth), 50), width=2)
    spots = {"river": 180, "dust": 260, "waste": 220}[scene]
    for _ in range(spots):
        cx, cy = chance.randrange(width), chance.randrange(horizon, height)
        r = 2 + round((cy - horizon) / (height - horizon) * width / 40 * chance.random())
        pale = chance.randint(150, 240)
        colour = (pale, pale, pale - 20) if scene != "waste" else tuple(chance.randint(40, 230) for _ in range(3))
        draw.ellipse((cx - r, cy - r // 2, cx + r, cy + r // 2), fill=colour)


def sample_exif(
    *,
    taken_at: datetime | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    orientation: int = 1,
) -> Image.Exif:
    """What a phone writes: maker, orientation, time with offset, place."""
    exif = Image.Exif()
    exif[MAKE], exif[MODEL], exif[SOFTWARE], exif[ORIENTATION] = "Qinghe", "QH-1 Demo", "Camera 1.0", orientation
    if taken_at is not None:
        exif[MODIFIED] = taken_at.strftime("%Y:%m:%d %H:%M:%S")
        offset = taken_at.strftime("%z")
        exif.get_ifd(EXIF_BLOCK)[ORIGINAL] = exif[MODIFIED]
        exif.get_ifd(EXIF_BLOCK)[OFFSET_ORIGINAL] = f"{offset[:3]}:{offset[3:5]}"
    if latitude is not None and longitude is not None:
        exif.get_ifd(GPS_BLOCK).update(_gps(latitude, longitude, taken_at))
    return exif


def _gps(latitude: float, longitude: float, taken_at: datetime | None) -> dict[int, object]:
    block: dict[int, object] = {
        LAT_REF: "N" if latitude >= 0 else "S",
        LAT: _sexagesimal(latitude),
        LNG_REF: "E" if longitude >= 0 else "W",
        LNG: _sexagesimal(longitude),
        ALTITUDE_REF: b"\x00",
        ALTITUDE: IFDRational(123, 10),
        DIRECTION: IFDRational(1375, 10),
        ERROR_M: IFDRational(8, 1),
    }
    if taken_at is not None:
        clock = taken_at - (taken_at.utcoffset() or taken_at - taken_at)
        block[CLOCK] = tuple(IFDRational(part, 1) for part in (clock.hour, clock.minute, clock.second))
        block[DATE] = clock.strftime("%Y:%m:%d")
    return block


def _sexagesimal(angle: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    seconds = round(abs(angle) * 3600 * 10_000)
    whole, rest = divmod(seconds, 3600 * 10_000)
    minutes, rest = divmod(rest, 60 * 10_000)
    return IFDRational(whole, 1), IFDRational(minutes, 1), IFDRational(rest, 10_000)
