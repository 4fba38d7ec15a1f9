"""Was somebody there? Pure rules: the rotating site code, the fence, steady GPS, presence pings, a patrol's track.

Location is one weak signal among others. Without a valid site code or a scan by staff nothing counts, however good
the place.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

from rewards.judging import distance_km

STEP_S = 10  # a site code lives so long
STEPS_ACCEPTED = 2  # the present one and the one before
CODE_DIGITS = 6
ACCURACY_MAX_M = 100.0  # beyond this a place proves nothing
SAMPLES_STEADY = 5  # so many identical accuracies and altitudes in a row are not a real receiver
PING_GAP = timedelta(minutes=45)  # longer without a sign of presence: the time ends at the last sign
SAME_DEVICE_WITHIN = timedelta(minutes=10)
OFFLINE_MAX = timedelta(hours=24)
WALK_KMH_MAX = 12.0  # faster pieces of a track are jumps and do not count
Direction = Literal["in", "out"]


def site_code(key: bytes, *, direction: Direction, at: datetime, steps_back: int = 0) -> str:
    """The six digits shown at the site at this moment."""
    step = int(at.timestamp()) // STEP_S - steps_back
    told = hmac.digest(key, f"{direction}|{step}".encode(), "sha256")
    return f"{int.from_bytes(told[:8], 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def code_is_right(given: str, *, key: bytes, direction: Direction, at: datetime) -> bool:
    """Whether the code was shown within the last `STEPS_ACCEPTED` steps, for this direction."""
    shown = [site_code(key, direction=direction, at=at, steps_back=back) for back in range(STEPS_ACCEPTED)]
    matches = [hmac.compare_digest(given.encode(), code.encode()) for code in shown]
    return any(matches)


def inside(place: Mapping[str, float], *, centre: Mapping[str, float], radius_m: int, accuracy_m: float) -> bool:
    """Whether a place with this accuracy may lie within the fence; a vague place does not count."""
    if accuracy_m > ACCURACY_MAX_M:
        return False
    return distance_km(place, centre) * 1000 <= radius_m + accuracy_m


def steady(samples: Sequence[Mapping[str, float]]) -> bool:
    """Whether five samples in a row have the same accuracy and altitude, as a made-up receiver does."""
    told = [(sample.get("accuracy"), sample.get("altitude")) for sample in samples]
    runs = (told[i : i + SAMPLES_STEADY] for i in range(len(told) - SAMPLES_STEADY + 1))
    return any(len(set(run)) == 1 for run in runs)


def proven_until(*, seen_at: datetime, out_at: datetime) -> datetime:
    """The end that counts: the check-out, or the last sign of presence when the gap before it is too long."""
    return out_at if out_at - seen_at <= PING_GAP else seen_at


def minutes_between(start: datetime, end: datetime, *, opens: datetime, closes: datetime) -> int:
    """Whole minutes within the activity's own time."""
    return max(0, int((min(end, closes) - max(start, opens)).total_seconds() // 60))


def track_m(points: Sequence[Mapping[str, Any]]) -> int:
    """Metres walked along a track; vague points and jumps do not count."""
    good = sorted((p for p in points if p.get("accuracy", 0.0) <= ACCURACY_MAX_M), key=lambda p: p["at"])
    total = 0.0
    for one, other in pairwise(good):
        hours = (other["at"] - one["at"]).total_seconds() / 3600
        piece = distance_km(one, other)
        if hours > 0 and piece / hours <= WALK_KMH_MAX:
            total += piece
    return int(total * 1000)
