"""What the work on one photograph costs, beside what decoding it must cost. For `green-whistle bench photos`.

All times are processor time of this process, medians of several rounds, so that they can be compared within one run.
"""

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256

import msgspec
from PIL import Image

from media.answers import Developed
from media.darkroom import Child
from media.developing import develop, target
from media.limits import COPY_SIDES_PX, LARGE_QUALITY, LARGE_SIDE_PX, PHOTO_BYTES_MAX
from media.samples import painted, sample_exif

SIZES = {"12 MP": (4032, 3024), "48 MP": (8064, 6048)}
SOURCE_SIZE = (2016, 1512)
KIB = 1024


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Processor milliseconds of one photograph."""

    name: str
    ingest_ms: float  # inspection, decoding, facts, both copies, both hashes
    scaled_ms: float  # one decode at the scale the ingest uses, by the same library
    naive_ms: float  # full decode, two resizes by Lanczos, two encodes
    peak_mib: float  # of the decoding process above its idle


def files() -> dict[str, bytes]:
    """Textured photographs with EXIF, as phones write them."""
    made = {}
    exif = sample_exif(latitude=30.246, longitude=120.143)
    for name, size in SIZES.items():
        picture = painted("river", seed=12, size=SOURCE_SIZE).resize(size, Image.Resampling.BICUBIC)
        grain = Image.effect_noise(size, 30)
        picture = Image.blend(picture, Image.merge("RGB", (grain, grain, grain)), 0.12)
        made[f"{name} JPEG"] = _saved(picture, "JPEG", quality=80, exif=exif)
        if name == "12 MP":
            made[f"{name} progressive"] = _saved(picture, "JPEG", quality=80, exif=exif, progressive=True)
            made[f"{name} HEIC"] = _saved(picture, "HEIF", quality=60, exif=exif.tobytes())
    return made


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def cpu_ms(*works: Callable[[], object], rounds: int) -> list[float]:
    """The median processor time of each, done in turn so that a busy machine slows all of them alike."""
    used: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, used, strict=True):
            began = time.process_time()
            work()
            times.append((time.process_time() - began) * 1000)
    return [statistics.median(times) for times in used]


def ingest(data: bytes) -> Developed:
    """Everything that happens to a photograph except storing it."""
    sha256(data).digest()
    return develop(data)


def scaled(data: bytes) -> None:
    """The floor: one decode at the library's own scale (JPEG), or one plain decode."""
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", target(image.size, LARGE_SIDE_PX))
        image.load()


def naive(data: bytes) -> None:
    """What a first version would do."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        for side in COPY_SIDES_PX:
            copy = image.convert("RGB").resize(target(image.size, side), Image.Resampling.LANCZOS)
            copy.save(io.BytesIO(), "JPEG", quality=LARGE_QUALITY)


def costs(*, rounds: int) -> list[Cost]:
    """The costs of every kind of file."""
    child = Child()
    try:
        return [_cost(name, data, child=child, rounds=rounds) for name, data in files().items()]
    finally:
        child.stop()


def _cost(name: str, data: bytes, *, child: Child, rounds: int) -> Cost:
    idle = _peak_kib(child, b"")  # a forked process that refuses an empty file
    ours, floor, plain = cpu_ms(lambda: ingest(data), lambda: scaled(data), lambda: naive(data), rounds=rounds)
    return Cost(
        name=name,
        ingest_ms=ours,
        scaled_ms=floor,
        naive_ms=plain,
        peak_mib=(_peak_kib(child, data) - idle) / KIB,
    )


def _peak_kib(child: Child, data: bytes) -> int:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return child.exchange(file, [])[1].peak_kib


def webp_ms(*, rounds: int) -> float:
    """What one 1600 px copy would cost as WebP (method 2), for comparison."""
    picture = painted("river", seed=12, size=(1600, 1200))
    return cpu_ms(lambda: picture.save(io.BytesIO(), "WEBP", method=2, quality=LARGE_QUALITY), rounds=rounds)[0]


def largest_upload(number: int) -> bytes:
    """A photograph of exactly the byte limit (padded behind its end); different for each `number`."""
    data = _saved(painted("dust", seed=number, size=SOURCE_SIZE), "JPEG", quality=85)
    return data + bytes(PHOTO_BYTES_MAX - len(data))
