"""Places on earth: the three Chinese datums, distances, polygons, grid cells. Pure.

Longitude comes first everywhere, as in GeoJSON; degrees unless a name says metres. WGS-84 is stored and compared,
GCJ-02 is what Chinese map apps deliver and draw, BD-09 is Baidu's. Being "outside China" is no rule here: the service
area decides which places count, and every place inside it is shifted by the mainland formulas.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from domain.kernel.errors import Invalid, Text

Datum = Literal["wgs84", "gcj02", "bd09"]
Ring = Sequence[Sequence[float]]  # [[lng, lat], …]; closing the ring is optional

EARTH_RADIUS_M = 6_371_008.8
KRASOVSKY_A_M = 6_378_245.0
KRASOVSKY_E2 = 0.00669342162296594323
BAIDU_TURN = 3000 * math.pi / 180
INVERSE_ROUNDS_MAX = 12
INVERSE_DONE_DEG = 1e-7  # each step leaves about a thousandth of its size: 1e-10 degrees, 0.01 mm
STORED_DECIMALS = 7
LNG_MAX, LAT_MAX = 180, 90
ORIGIN_DEG = 1e-6  # a place this near to (0, 0) is a failed fix
CELLS_PER_DEGREE = 1_000  # a cell is 0.001 degree: about 111 m north-south, 96 m east-west at 30 degrees north
CELL_ROW = 1_000_000
SWAPPED_LAT_MIN, SWAPPED_LNG_MAX = 54.0, 54.0  # no place in China has this latitude, none this longitude


class Point(NamedTuple):
    """A longitude and a latitude in degrees."""

    lng: float
    lat: float


def wgs84_to_gcj02(point: Point) -> Point:
    """The published approximation of the official shift: exact to the formula, about 1-2 m to real maps."""
    sin = math.sin
    x, y = point.lng - 105.0, point.lat - 35.0
    px, py = math.pi * x, math.pi * y
    root = math.sqrt(abs(x))
    wave = 20 * sin(6 * px) + 20 * sin(2 * px)
    north = wave + 20 * sin(py) + 40 * sin(py / 3) + 160 * sin(py / 12) + 320 * sin(py / 30)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + north * 2 / 3
    east = wave + 20 * sin(px) + 40 * sin(px / 3) + 150 * sin(px / 12) + 300 * sin(px / 30)
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + east * 2 / 3
    phi = math.radians(point.lat)
    m = 1 - KRASOVSKY_E2 * sin(phi) ** 2
    lat = point.lat + math.degrees(north) / (KRASOVSKY_A_M * (1 - KRASOVSKY_E2) / m**1.5)
    lng = point.lng + math.degrees(east) / (KRASOVSKY_A_M * math.cos(phi) / math.sqrt(m))
    return Point(lng, lat)


def gcj02_to_bd09(point: Point) -> Point:
    """Baidu's second shift."""
    z = math.hypot(point.lng, point.lat) + 2e-5 * math.sin(point.lat * BAIDU_TURN)
    theta = math.atan2(point.lat, point.lng) + 3e-6 * math.cos(point.lng * BAIDU_TURN)
    return Point(z * math.cos(theta) + 0.0065, z * math.sin(theta) + 0.006)


def _inverse(forward: Callable[[Point], Point], shifted: Point) -> Point:
    """Fixed-point inverse: one step alone would be up to 4.9 m off, three are below a centimetre."""
    lng, lat = shifted
    for _ in range(INVERSE_ROUNDS_MAX):
        there = forward(Point(lng, lat))
        off_lng, off_lat = there.lng - shifted.lng, there.lat - shifted.lat
        lng, lat = lng - off_lng, lat - off_lat
        if abs(off_lng) + abs(off_lat) < INVERSE_DONE_DEG:
            break
    return Point(lng, lat)


def gcj02_to_wgs84(point: Point) -> Point:
    """Exact inverse of `wgs84_to_gcj02`."""
    return _inverse(wgs84_to_gcj02, point)


def bd09_to_gcj02(point: Point) -> Point:
    """Exact inverse of `gcj02_to_bd09`."""
    return _inverse(gcj02_to_bd09, point)


def to_wgs84(point: Point, *, datum: Datum) -> Point:
    """The place in WGS-84, rounded to the stored 7 decimals (1 cm)."""
    if datum == "bd09":
        point = bd09_to_gcj02(point)
    if datum != "wgs84":
        point = gcj02_to_wgs84(point)
    return Point(round(point.lng, STORED_DECIMALS), round(point.lat, STORED_DECIMALS))


def from_wgs84(point: Point, *, datum: Datum) -> Point:
    """A stored place in the datum a map wants."""
    if datum == "wgs84":
        return point
    shifted = wgs84_to_gcj02(point)
    return shifted if datum == "gcj02" else gcj02_to_bd09(shifted)


def require_place(lng: float, lat: float) -> Point:
    """The pair as a point; raises `Invalid` for what no honest phone sends: NaN, (0, 0), out of range, swapped."""
    if not (math.isfinite(lng) and math.isfinite(lat)):
        raise Invalid(Text("坐标不是有效数字", "The coordinates are not finite numbers"), field="place")
    if max(abs(lng), abs(lat)) < ORIGIN_DEG:
        raise Invalid(Text("坐标为 (0, 0)，定位未成功", "(0, 0) means that positioning failed"), field="place")
    if lat > SWAPPED_LAT_MIN and abs(lng) <= SWAPPED_LNG_MAX:
        raise Invalid(Text("经纬度疑似颠倒", "Longitude and latitude look swapped"), field="place")
    if abs(lat) > LAT_MAX or abs(lng) > LNG_MAX:
        raise Invalid(Text("坐标超出范围", "The coordinates are out of range"), field="place")
    return Point(lng, lat)


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance in metres."""
    phi_a, phi_b = math.radians(a.lat), math.radians(b.lat)
    half = math.sin((phi_b - phi_a) / 2) ** 2
    half += math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(b.lng - a.lng) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))


def in_ring(point: Point, ring: Ring) -> bool:
    """Even-odd rule; a point on the edge may fall on either side."""
    inside = False
    x, y = point
    ax, ay = ring[-1][0], ring[-1][1]
    for vertex in ring:
        bx, by = vertex[0], vertex[1]
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
        ax, ay = bx, by
    return inside


def in_polygon(point: Point, rings: Sequence[Ring]) -> bool:
    """Inside the outer ring (the first) and in none of its holes (the rest): GeoJSON's order."""
    return in_ring(point, rings[0]) and not any(in_ring(point, hole) for hole in rings[1:])


def in_any_polygon(point: Point, polygons: Iterable[Sequence[Ring]]) -> bool:
    """Whether a MultiPolygon covers the point."""
    return any(in_polygon(point, rings) for rings in polygons)


def distance_to_line_m(point: Point, line: Ring) -> float:
    """Metres to the nearest segment (not vertex) of a polyline, on a plane around the point: right at city scale."""
    per_lat = math.radians(1) * EARTH_RADIUS_M
    per_lng = per_lat * math.cos(math.radians(point.lat))
    local = [((v[0] - point.lng) * per_lng, (v[1] - point.lat) * per_lat) for v in line]
    if len(local) == 1:
        return math.hypot(*local[0])
    return min(_to_segment_m(a, b) for a, b in itertools.pairwise(local))


def _to_segment_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance from the origin to the segment a-b."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    along = 0.0 if length2 == 0 else min(1.0, max(0.0, -(a[0] * dx + a[1] * dy) / length2))
    return math.hypot(a[0] + along * dx, a[1] + along * dy)


def cell_of(point: Point) -> int:
    """The grid cell of a place: row (from the south pole) x 1,000,000 + column (from the date line)."""
    row = math.floor((point.lat + 90) * CELLS_PER_DEGREE)
    return row * CELL_ROW + math.floor((point.lng + 180) * CELLS_PER_DEGREE)


def cell_centre(cell: int) -> Point:
    """The middle of a cell, 4 decimals."""
    row, column = divmod(cell, CELL_ROW)
    return Point(
        round((column + 0.5) / CELLS_PER_DEGREE - 180, 4),
        round((row + 0.5) / CELLS_PER_DEGREE - 90, 4),
    )


def cells_around(point: Point, *, rings: int = 1) -> list[int]:
    """The cell of the place and its neighbours up to `rings` away: 9 cells for 1, 25 for 2."""
    row, column = divmod(cell_of(point), CELL_ROW)
    span = range(-rings, rings + 1)
    return [(row + up) * CELL_ROW + column + right for up in span for right in span]
