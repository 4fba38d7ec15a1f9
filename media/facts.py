"""What a photograph says about its own making, read before everything is stripped. All of it is optional.

The values come from strangers: zero blocks, 0/0 rationals, missing references, swapped pairs and impossible numbers are
"absent", never a place or a time. `PhotoFacts` is what the rest of the house sees.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

import msgspec

from domain.kernel.clock import DISTRICT_ZONE
from media.limits import FACT_CHARS_MAX

Zone = Literal["given", "assumed"]

MAKE, MODEL, SOFTWARE, ORIENTATION, MODIFIED = 0x010F, 0x0110, 0x0131, 0x0112, 0x0132
ORIGINAL, DIGITIZED = 0x9003, 0x9004
OFFSET_ORIGINAL, OFFSET_DIGITIZED = 0x9011, 0x9012
LAT_REF, LAT, LNG_REF, LNG, ALTITUDE_REF, ALTITUDE = 1, 2, 3, 4, 5, 6
CLOCK, DIRECTION, DATUM, DATE, ERROR_M = 7, 17, 18, 29, 31

YEAR_MIN, YEAR_MAX = 1990, 2100
ALTITUDE_M_MIN, ALTITUDE_M_MAX = -500.0, 9_000.0
ACCURACY_M_MAX = 100_000.0
OFFSET_HOURS_MAX = 14
NULL_ISLAND_DEG = 0.001  # closer to (0, 0) than this is an empty value, not the Gulf of Guinea
MOMENT = re.compile(r"(\d{4})[:\-/.](\d{1,2})[:\-/.](\d{1,2})[ T]+(\d{1,2}):(\d{1,2}):(\d{1,2})")
DAY = re.compile(r"(\d{4})[:\-](\d{1,2})[:\-](\d{1,2})")
OFFSET = re.compile(r"([+\-])(\d{2}):?(\d{2})|(Z)")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the camera says it was, WGS-84 degrees."""

    latitude: float
    longitude: float
    accuracy_m: float | None = None


class CameraFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything kept of a photograph's metadata."""

    taken_at: datetime | None = None  # aware, UTC
    taken_zone: Zone | None = None  # "assumed": the camera gave no offset, the district's zone was used
    gps_at: datetime | None = None  # the satellite clock, UTC
    place: Place | None = None
    altitude_m: float | None = None
    direction_deg: float | None = None  # where the camera pointed, clockwise from north
    make: str | None = None
    model: str | None = None
    software: str | None = None


def number(value: object) -> float | None:
    """A finite number out of whatever a reader gives for a rational; None for 0/0, infinity and text."""
    if isinstance(value, tuple) and len(value) == 2:
        value = _ratio(*value)
    elif hasattr(value, "numerator") and hasattr(value, "denominator") and not isinstance(value, (int, float)):
        value = _ratio(value.numerator, value.denominator)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None


def _ratio(top: object, bottom: object) -> float | None:
    try:
        return float(top) / float(bottom)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None


def degrees(parts: object, ref: object, *, positive: str, negative: str, limit: float) -> float | None:
    """Degrees of one coordinate from (degrees, minutes, seconds) and its reference letter; None when absent."""
    letter = text(ref)
    if not isinstance(parts, (tuple, list)) or len(parts) != 3 or letter is None:
        return None
    letter = letter.upper()[:1]
    values = [number(part) for part in parts]
    d, m, s = values
    if d is None or letter not in (positive, negative):
        return None
    m, s = (m or 0.0), (s if s is not None else 0.0)
    if d < 0 or not 0 <= m <= 60 or not 0 <= s <= 60 or d == m == s == 0:
        return None
    value = d + m / 60 + s / 3600
    if value > limit:
        return None
    return -value if letter == negative else value


def place_of(gps: Mapping[int, Any]) -> Place | None:
    """The place in a GPS block, or None when it is absent, impossible or swapped."""
    latitude = degrees(gps.get(LAT), gps.get(LAT_REF), positive="N", negative="S", limit=90)
    longitude = degrees(gps.get(LNG), gps.get(LNG_REF), positive="E", negative="W", limit=180)
    if latitude is None or longitude is None:
        return None
    if abs(latitude) < NULL_ISLAND_DEG and abs(longitude) < NULL_ISLAND_DEG:
        return None
    if latitude > 54 and 0 < longitude < 54:  # in China this is a latitude in the place of a longitude
        return None
    error = number(gps.get(ERROR_M))
    accuracy = error if error is not None and 0 < error <= ACCURACY_M_MAX else None
    return Place(latitude=round(latitude, 7), longitude=round(longitude, 7), accuracy_m=accuracy)


def moment(stamp: object, offset: object) -> tuple[datetime, Zone] | None:
    """A capture time in UTC, and whether its zone was given; None for blanks and impossible dates."""
    found = MOMENT.match(text(stamp) or "")
    if found is None:
        return None
    zone = zone_of(offset)
    try:
        year, month, day, hour, minute, second = map(int, found.groups())
        at = datetime(year, month, day, hour, minute, second, tzinfo=zone or DISTRICT_ZONE)
    except ValueError:
        return None
    if not YEAR_MIN <= at.year <= YEAR_MAX:
        return None
    return at.astimezone(UTC), "given" if zone else "assumed"


def zone_of(offset: object) -> timezone | None:
    """The offset a camera gives, such as `+08:00`; None when it gives none or an impossible one."""
    found = OFFSET.fullmatch((text(offset) or "").strip())
    if found is None:
        return None
    if found[4]:
        return UTC
    hours, minutes = int(found[2]), int(found[3])
    if hours > OFFSET_HOURS_MAX or minutes > 59:
        return None
    return timezone((1 if found[1] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


def satellite_time(gps: Mapping[int, Any]) -> datetime | None:
    """The time of the satellites (UTC by definition), or None."""
    clock, found = gps.get(CLOCK), DAY.match(text(gps.get(DATE)) or "")
    if found is None or not isinstance(clock, (tuple, list)) or len(clock) != 3:
        return None
    h, m, s = (number(part) for part in clock)
    if h is None or m is None or s is None or not (0 <= h < 24 and 0 <= m < 60 and 0 <= s < 60):
        return None
    try:
        year, month, day = map(int, found.groups())
        at = datetime(year, month, day, int(h), int(m), int(s), tzinfo=UTC)
    except ValueError:
        return None
    return at if YEAR_MIN <= at.year <= YEAR_MAX else None


def text(value: object) -> str | None:
    """A short clean line out of a text tag. Cameras write UTF-8 or GB18030 into fields readers take for Latin-1."""
    if isinstance(value, str):
        value = (
            value.encode("latin-1", "ignore") if all(ord(c) < 256 for c in value) else value.encode("utf-8", "ignore")
        )
    if not isinstance(value, bytes):
        return None
    value = value.split(b"\0", 1)[0]
    for encoding in ("utf-8", "gb18030", "latin-1"):
        try:
            line = value.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    clean = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    return clean[:FACT_CHARS_MAX] or None


def facts_of(base: Mapping[int, Any], exif: Mapping[int, Any], gps: Mapping[int, Any]) -> CameraFacts:
    """Facts from the three EXIF blocks as any reader gives them: tag number to value."""
    taken = moment(exif.get(ORIGINAL), exif.get(OFFSET_ORIGINAL)) or moment(
        exif.get(DIGITIZED), exif.get(OFFSET_DIGITIZED)
    )
    altitude, direction = number(gps.get(ALTITUDE)), number(gps.get(DIRECTION))
    if altitude is not None and gps.get(ALTITUDE_REF) in (1, b"\x01", (1,), [1]):
        altitude = -altitude
    return CameraFacts(
        taken_at=taken[0] if taken else None,
        taken_zone=taken[1] if taken else None,
        gps_at=satellite_time(gps),
        place=place_of(gps),
        altitude_m=altitude if altitude is not None and ALTITUDE_M_MIN <= altitude <= ALTITUDE_M_MAX else None,
        direction_deg=direction % 360 if direction is not None and 0 <= direction <= 360 else None,
        make=text(base.get(MAKE)),
        model=text(base.get(MODEL)),
        software=text(base.get(SOFTWARE)),
    )
