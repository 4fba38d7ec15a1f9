"""Which changed copies of a photograph are found again, and that strangers' photographs are not."""

import io
from collections.abc import Callable
from functools import cache
from itertools import combinations

import pytest
from PIL import Image

from media.likeness import likeness_of
from media.likeness_bits import Likeness
from media.matching import BITS_APART_MAX, Match, _closest, probes
from media.samples import painted

SCENES = [(kind, seed) for kind in ("river", "smoke", "dust", "waste") for seed in range(5)]


def hashed(image: Image.Image) -> Likeness:
    copy = image.copy()
    copy.thumbnail((320, 320))
    return likeness_of(copy)


def again(image: Image.Image, quality: int = 60) -> Image.Image:
    """Through another app: encoded once more."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out)


def found(new: Likeness, old: Likeness) -> Match | None:
    """What the statement would find: by its bands, then by its bits."""
    asked = (new.whole, new.mirrored, new.cropped)
    matches = []
    for view, bits in enumerate((old.whole, old.cropped, *old.sides)):
        bands = probes(bits)
        if any(own[0] in theirs for one in asked for own, theirs in zip(bands, probes(one), strict=True)):
            matches.append(_closest(None, view=view, bits=bits, asked=asked))
    return min((match for match in matches if match), key=lambda match: match.distance, default=None)


@cache
def remembered() -> list[tuple[Image.Image, Likeness]]:
    scenes = [painted(kind, seed=seed, size=(800, 600)) for kind, seed in SCENES]
    return [(scene, hashed(again(scene, 85))) for scene in scenes]


def share_found(change: Callable[[Image.Image], Image.Image]) -> float:
    hits = sum(found(hashed(again(change(scene))), old) is not None for scene, old in remembered())
    return hits / len(SCENES)


@pytest.mark.parametrize(
    ("change", "least"),
    [
        (lambda scene: scene, 1.0),
        (lambda scene: scene.resize((333, 250)), 1.0),
        (lambda scene: scene.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 1.0),
        (lambda scene: scene.point(lambda level: min(255, int(level * 1.15))), 0.95),
        (lambda scene: scene.crop((24, 18, 776, 582)), 0.95),
        (lambda scene: scene.crop((40, 0, 800, 600)), 0.95),
        (lambda scene: scene.crop((0, 0, 760, 600)), 0.95),
        (lambda scene: scene.crop((0, 30, 800, 600)), 0.95),
        (lambda scene: scene.crop((0, 0, 800, 570)), 0.95),
        (lambda scene: scene.crop((40, 0, 800, 600)).transpose(Image.Transpose.FLIP_LEFT_RIGHT), 0.95),
        (lambda scene: scene.crop((40, 30, 800, 600)), 0.7),
    ],
    ids=[
        "encoded",
        "resized",
        "mirrored",
        "brighter",
        "all",
        "left",
        "right",
        "top",
        "bottom",
        "left+mirror",
        "corner",
    ],
)
def test_a_changed_copy_is_found(change: Callable[[Image.Image], Image.Image], least: float) -> None:
    assert share_found(change) >= least


def test_different_scenes_are_not_taken_for_copies() -> None:
    pairs = list(combinations([likeness for _, likeness in remembered()], 2))

    taken = sum(found(one, other) is not None for one, other in pairs)

    assert taken / len(pairs) < 0.03, BITS_APART_MAX  # painted scenes share their skyline; photographs differ more
