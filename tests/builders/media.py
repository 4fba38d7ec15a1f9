"""Photographs with ordinary defaults."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from media.samples import Scene, sample_photo

ORDINARY: dict[str, Any] = {
    "taken_at": datetime(2026, 11, 21, 1, 30, tzinfo=UTC),
    "latitude": 30.246,
    "longitude": 120.143,
    "size": (800, 600),
}


@lru_cache(maxsize=64)
def _made(scene: Scene, changes: tuple[tuple[str, Any], ...]) -> bytes:
    return sample_photo(scene, **ORDINARY | dict(changes))


def a_photo(scene: Scene = "river", **changes: Any) -> bytes:
    """A small JPEG as a phone would send it: EXIF with time and place."""
    return _made(scene, tuple(sorted({"seed": 1, **changes}.items())))
