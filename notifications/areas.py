"""Grid cells of 0.01 degree, about a kilometre: what people near a place follow, coarse on purpose. Pure."""

import math

from domain.kernel.geo import Point

CELLS_PER_DEGREE = 100
METRES_PER_CELL_NORTH = 1_112.0
RADIUS_M_MAX = 10_000


def cell_key(place: Point) -> str:
    """The follow key of the cell around a WGS-84 place."""
    return f"cell:{math.floor(place.lng * CELLS_PER_DEGREE)}:{math.floor(place.lat * CELLS_PER_DEGREE)}"


def cells_within(place: Point, *, radius_m: float) -> tuple[str, ...]:
    """The keys of every cell that comes within `radius_m` of the place, and a few at the corners."""
    rows = math.ceil(radius_m / METRES_PER_CELL_NORTH)
    columns = math.ceil(radius_m / (METRES_PER_CELL_NORTH * math.cos(math.radians(place.lat))))
    x, y = math.floor(place.lng * CELLS_PER_DEGREE), math.floor(place.lat * CELLS_PER_DEGREE)
    return tuple(f"cell:{x + dx}:{y + dy}" for dx in range(-columns, columns + 1) for dy in range(-rows, rows + 1))
