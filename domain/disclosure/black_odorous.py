"""Black-and-odorous water (城市黑臭水体整治工作指南, 2015): grades of points and of whole water bodies.

Units: transparency and depth in cm, oxygen and ammonia nitrogen in mg/L, redox potential in mV.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import IntEnum

import msgspec

SHALLOW_CM = Decimal(25)
SHALLOW_SHARE = Decimal("0.4")  # below 25 cm of depth the limit of transparency is 40 % of the depth
HEAVY_ONE_INDEX = Decimal("0.6")  # of a point's values of one index
HEAVY_TWO_INDICES = Decimal("0.3")
TWO = 2
HEAVY_POINTS = Decimal("0.6")  # of a water body's points
STRETCH_POINTS_MIN = 3
INDICES = ("transparency", "oxygen", "redox", "ammonia")


class Grade(IntEnum):
    """None, light 轻度, heavy 重度."""

    NONE = 0
    LIGHT = 1
    HEAVY = 2


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One sampling at one point; an index that was not measured is None."""

    depth: Decimal | None = None
    transparency: Decimal | None = None
    oxygen: Decimal | None = None
    redox: Decimal | None = None
    ammonia: Decimal | None = None


class Body(msgspec.Struct, frozen=True):
    """The grade of a whole water body, and the stretches (first and last point) that are heavy by themselves."""

    grade: Grade
    heavy_stretches: tuple[tuple[int, int], ...]


def _falling(value: Decimal, *, light: Decimal, heavy: Decimal) -> Grade:
    """For indices that are bad when small."""
    if value < heavy:
        return Grade.HEAVY
    return Grade.LIGHT if value <= light else Grade.NONE


def grades(sample: Sample) -> dict[str, Grade]:
    """The grade of every measured index.

    In shallow water the light limit is 40 % of the depth; the heavy one is scaled by the same ratio, our reading of a
    footnote that leaves it open.
    """
    found: dict[str, Grade] = {}
    if sample.transparency is not None:
        light = SHALLOW_CM
        if sample.depth is not None and sample.depth < SHALLOW_CM:
            light = SHALLOW_SHARE * sample.depth
        heavy = light * Decimal(10) / SHALLOW_CM
        found["transparency"] = _falling(sample.transparency, light=light, heavy=heavy)
    if sample.oxygen is not None:
        found["oxygen"] = _falling(sample.oxygen, light=Decimal("2.0"), heavy=Decimal("0.2"))
    if sample.redox is not None:
        found["redox"] = _falling(sample.redox, light=Decimal(50), heavy=Decimal(-200))
    if sample.ammonia is not None:
        found["ammonia"] = _falling(-sample.ammonia, light=Decimal("-8.0"), heavy=Decimal(-15))
    return found


def grade_point(samples: Sequence[Sample]) -> Grade:
    """Heavy when one index is heavy in 60 % of its values or two in 30 % each; none when no value is even light."""
    values: dict[str, list[Grade]] = {}
    for sample in samples:
        for index, grade in grades(sample).items():
            values.setdefault(index, []).append(grade)
    shares = [Decimal(found.count(Grade.HEAVY)) / len(found) for found in values.values()]
    if any(share >= HEAVY_ONE_INDEX for share in shares):
        return Grade.HEAVY
    if sum(share >= HEAVY_TWO_INDICES for share in shares) >= TWO:
        return Grade.HEAVY
    return Grade.LIGHT if any(grade for found in values.values() for grade in found) else Grade.NONE


def grade_body(points: Sequence[Grade]) -> Body:
    """A water body from its points in order along the water."""
    stretches: list[tuple[int, int]] = []
    start: int | None = None
    for at, grade in enumerate([*points, Grade.NONE]):
        if grade is Grade.HEAVY:
            start = at if start is None else start
            continue
        if start is not None and at - start >= STRETCH_POINTS_MIN:
            stretches.append((start, at - 1))
        start = None
    heavy = sum(grade is Grade.HEAVY for grade in points)
    if points and Decimal(heavy) / len(points) >= HEAVY_POINTS:
        return Body(Grade.HEAVY, tuple(stretches))
    return Body(Grade.LIGHT if any(points) else Grade.NONE, tuple(stretches))
