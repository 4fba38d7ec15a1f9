import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import geo
from domain.kernel.errors import Invalid
from domain.kernel.geo import Point

VECTORS = list(csv.DictReader((Path(__file__).parents[1] / "data" / "gcj02_vectors.csv").read_text().splitlines()))
TOLERANCE_DEG = 1e-6
MAINLAND = st.builds(
    Point, st.floats(min_value=73, max_value=135.2), st.floats(min_value=18, max_value=54, exclude_max=True)
)


def near(a: Point, b: Point) -> bool:
    return abs(a.lng - b.lng) < TOLERANCE_DEG and abs(a.lat - b.lat) < TOLERANCE_DEG


def pair(row: dict[str, str], datum: str) -> Point:
    return Point(float(row[f"{datum}_lng"]), float(row[f"{datum}_lat"]))


@pytest.mark.parametrize("row", VECTORS, ids=[row["name"] for row in VECTORS])
def test_every_public_vector_converts_both_ways_within_a_millionth_of_a_degree(row):
    wgs84, gcj02, bd09 = (pair(row, datum) for datum in ("wgs84", "gcj02", "bd09"))

    assert near(gcj02, geo.from_wgs84(wgs84, datum="gcj02"))
    assert near(bd09, geo.from_wgs84(wgs84, datum="bd09"))
    assert near(wgs84, geo.to_wgs84(gcj02, datum="gcj02"))
    assert near(wgs84, geo.to_wgs84(bd09, datum="bd09"))
    assert wgs84 == geo.to_wgs84(wgs84, datum="wgs84")


def test_the_inverse_is_the_exact_one_and_not_the_one_step_shortcut():
    exact = Point(116.39775575457485, 39.91359623560940)

    assert geo.distance_m(exact, geo.gcj02_to_wgs84(Point(116.404, 39.915))) < 0.001


@given(MAINLAND)
def test_a_round_trip_through_every_datum_comes_home_within_a_millimetre(point):
    there = geo.gcj02_to_bd09(geo.wgs84_to_gcj02(point))
    home = geo.gcj02_to_wgs84(geo.bd09_to_gcj02(there))

    assert geo.distance_m(point, home) < 0.001


@pytest.mark.parametrize(
    ("lng", "lat", "reason"),
    [
        (0.0, 0.0, "positioning failed"),
        (math.nan, 30.0, "finite"),
        (120.0, math.inf, "finite"),
        (30.44, 120.02, "swapped"),
        (181.0, 30.0, "out of range"),
        (120.0, -91.0, "out of range"),
    ],
)
def test_a_place_no_honest_phone_sends_is_refused_with_its_reason(lng, lat, reason):
    with pytest.raises(Invalid) as refused:
        geo.require_place(lng, lat)

    assert reason in refused.value.detail.en


def test_great_circle_distance_matches_a_known_pair():
    beijing, shanghai = Point(116.3975, 39.9087), Point(121.4903, 31.2400)

    assert geo.distance_m(beijing, shanghai) == pytest.approx(1_067_700, rel=0.002)


def test_a_hole_in_a_polygon_is_outside():
    square = [[0, 0], [10, 0], [10, 10], [0, 10]]
    hole = [[4, 4], [6, 4], [6, 6], [4, 6]]

    assert geo.in_polygon(Point(1, 1), [square, hole])
    assert not geo.in_polygon(Point(5, 5), [square, hole])
    assert not geo.in_polygon(Point(11, 5), [square, hole])


def test_distance_to_a_line_is_to_the_segment_and_not_to_a_vertex():
    line = [[120.0, 30.0], [120.1, 30.0]]

    assert geo.distance_to_line_m(Point(120.05, 30.001), line) == pytest.approx(111.2, abs=0.5)


@given(MAINLAND)
def test_a_cell_holds_its_points_near_its_centre(point):
    centre = geo.cell_centre(geo.cell_of(point))

    assert abs(centre.lng - point.lng) <= 0.000501
    assert abs(centre.lat - point.lat) <= 0.000501
    assert geo.cell_of(point) in geo.cells_around(point)
    assert len(set(geo.cells_around(point, rings=2))) == 25
