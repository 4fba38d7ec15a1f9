"""Weighing photographs against what a report claims: named signals with numbers, for operators.

A signal is a fact to think about, not a verdict and not an accusation: phones usually deliver no metadata at all, and
clocks and datums are wrong more often than people. Pure, except the reading of the claim.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.geo import Point, distance_m, gcj02_to_wgs84, wgs84_to_gcj02

NEAR_M = 100.0  # what standing across the street explains
MIX_UP_M_MIN, MIX_UP_M_MAX = 250.0, 750.0  # the shift between WGS-84 and GCJ-02 in mainland China
FAR_M = 1_000.0
CLOCK_SLACK = timedelta(minutes=10)
LONG_BEFORE = timedelta(days=7)
EDITORS = (
    "photoshop", "lightroom", "gimp", "snapseed", "picsart", "meitu", "美图", "醒图", "xingtu", "b612", "facetune",
    "vsco", "canva", "pixelmator", "affinity", "paint", "imagemagick", "paintshop", "photopea", "polarr", "remini",
    "faceapp", "轻颜", "黄油相机", "光影", "capcut", "剪映", "stable diffusion", "midjourney", "dall-e",
)  # fmt: skip

SignalName = Literal[
    "place-agrees",
    "place-differs",
    "place-far",
    "datum-mix-up",
    "place-absent",
    "time-agrees",
    "time-differs",
    "time-absent",
    "taken-after-receipt",
    "taken-long-before",
    "clock-differs-from-satellites",
    "from-album",
    "from-camera",
    "edited",
    "seen-before",
    "photos-apart",
]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What the report says."""

    place: Point  # WGS-84
    accuracy_m: float | None  # None for a pin set by hand
    captured_at: datetime | None
    received_at: datetime


class PhotoEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What one photograph says."""

    place: Point | None = None  # WGS-84, as EXIF defines it
    accuracy_m: float | None = None
    taken_at: datetime | None = None
    zone_given: bool = False  # the camera wrote its offset from UTC
    gps_at: datetime | None = None
    software: str | None = None
    source: str | None = None  # camera | album, as the app declares
    seen: int = 0  # earlier photographs that look the same
    nearest_bits: int | None = None  # how many of 64 bits the closest of them differs


class Signal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One observation; `photo` counts from 1, None means all of them together."""

    name: SignalName
    photo: int | None = None
    numbers: dict[str, float] = {}
    text: str | None = None


def weigh(claim: Claim, photos: Sequence[PhotoEvidence]) -> list[Signal]:
    """All signals, photograph by photograph."""
    signals: list[Signal] = []
    for number, photo in enumerate(photos, start=1):
        found = [_place(claim, photo), *_times(claim, photo), *_origin(photo)]
        signals += [msgspec.structs.replace(signal, photo=number) for signal in found]
    return signals + list(_together(photos))


def _place(claim: Claim, photo: PhotoEvidence) -> Signal:
    if photo.place is None:
        return Signal(name="place-absent")
    apart = distance_m(claim.place, photo.place)
    allowed = NEAR_M + (claim.accuracy_m or 0.0) + (photo.accuracy_m or 0.0)
    if apart <= allowed:
        return Signal(name="place-agrees", numbers={"distance_m": round(apart, 1)})
    if MIX_UP_M_MIN <= apart <= MIX_UP_M_MAX:
        after = min(
            distance_m(gcj02_to_wgs84(claim.place), photo.place), distance_m(wgs84_to_gcj02(claim.place), photo.place)
        )
        if after <= allowed:
            numbers = {"distance_m": round(apart, 1), "distance_after_converting_m": round(after, 1)}
            return Signal(name="datum-mix-up", numbers=numbers)
    return Signal(name="place-far" if apart > FAR_M else "place-differs", numbers={"distance_m": round(apart, 1)})


def _times(claim: Claim, photo: PhotoEvidence) -> Iterable[Signal]:
    taken = photo.taken_at
    if taken is None:
        yield Signal(name="time-absent")
        return
    if taken > claim.received_at + CLOCK_SLACK:
        yield Signal(name="taken-after-receipt", numbers={"minutes": _minutes(taken - claim.received_at)})
    elif claim.received_at - taken > LONG_BEFORE and claim.captured_at is None:
        yield Signal(
            name="taken-long-before", numbers={"days": round((claim.received_at - taken) / timedelta(days=1), 1)}
        )
    if claim.captured_at is not None:
        gap = abs(taken - claim.captured_at)
        yield Signal(name="time-agrees" if gap <= CLOCK_SLACK else "time-differs", numbers={"minutes": _minutes(gap)})
    if photo.gps_at is not None and photo.zone_given and abs(photo.gps_at - taken) > CLOCK_SLACK:
        yield Signal(name="clock-differs-from-satellites", numbers={"minutes": _minutes(abs(photo.gps_at - taken))})


def _origin(photo: PhotoEvidence) -> Iterable[Signal]:
    if photo.source == "album":
        yield Signal(name="from-album")
    elif photo.source == "camera":
        yield Signal(name="from-camera")
    software = (photo.software or "").lower()
    if any(editor in software for editor in EDITORS):
        yield Signal(name="edited", text=photo.software)
    if photo.seen:
        numbers = {"photographs": float(photo.seen), "bits": float(photo.nearest_bits or 0)}
        yield Signal(name="seen-before", numbers=numbers)


def _together(photos: Sequence[PhotoEvidence]) -> Iterable[Signal]:
    places = [photo.place for photo in photos if photo.place is not None]
    apart = max((distance_m(a, b) for a in places for b in places), default=0.0)
    if apart > FAR_M:
        yield Signal(name="photos-apart", numbers={"distance_m": round(apart, 1)})


def _minutes(gap: timedelta) -> float:
    return round(gap / timedelta(minutes=1), 1)


async def claim_of(report_id: UUID) -> Claim | None:
    """What the report claims, or None when there is no such report."""
    row = await database.fetch_row(
        "select lng, lat, accuracy_m, captured_at, received_at from report where id = $1", report_id
    )
    if row is None:
        return None
    return Claim(
        place=Point(row["lng"], row["lat"]),
        accuracy_m=row["accuracy_m"],
        captured_at=row["captured_at"],
        received_at=row["received_at"],
    )
