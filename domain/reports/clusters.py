"""How many public reports lie in each cell of a coarse grid, for a map that is zoomed out.

Sensitive categories are counted in a cell from `SENSITIVE_COUNT_MIN` on, so that a lone complaint points at nobody.
"""

from typing import Any

import msgspec

from domain.kernel import database
from domain.reports.categories import CATEGORIES, SENSITIVE_COUNT_MIN
from domain.reports.public_map import Filter, tiles_of, where_of

ZOOM_MAX = 20
CELL_DEG = ((9, 0.2), (10, 0.1), (11, 0.05), (12, 0.02), (13, 0.01), (14, 0.005), (ZOOM_MAX, 0.002))
CLUSTERS_MAX = 2_000


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """One cell with its count; sides in degrees."""

    lng: float  # centre, WGS-84
    lat: float
    size: float
    reports: int
    open: int


def size_of(zoom: int) -> float:
    """The side of a cell in degrees at a map's zoom level."""
    return next(size for most, size in CELL_DEG if zoom <= most)


SENSITIVE = [code for code, leaf in CATEGORIES.items() if leaf.sensitive]
COUNT = """
select x, y, sum(n) as reports, sum(still_open) as open from (
  select floor(lng / {size})::int as x, floor(lat / {size})::int as y, count(*) as n,
    count(*) filter (where not closed) as still_open, category = any({sensitive}::text[]) as sensitive
  from public_report where {where} group by 1, 2, 5) c
where not sensitive or n >= {least} group by 1, 2 order by reports desc, x, y limit $1
"""


async def count(chosen: Filter, *, zoom: int) -> list[Cluster]:
    """The fullest `CLUSTERS_MAX` cells."""
    size = size_of(zoom)
    where, values = where_of(chosen)
    small = chosen.box and tiles_of(chosen.box)
    if small:
        where, values = f"{small[0].tile} = any(${len(values) + 2}::bigint[]) and {where}", [*values, small[1]]
    places = {name: f"${len(values) + 2 + n}" for n, name in enumerate(("size", "sensitive", "least"))}
    statement = COUNT.format(where=where, **places | {"size": places["size"] + "::float8"})
    rows = await database.fetch(statement, CLUSTERS_MAX, *values, size, SENSITIVE, SENSITIVE_COUNT_MIN)
    return [_cluster(row, size=size) for row in rows]


def _cluster(row: Any, *, size: float) -> Cluster:
    return Cluster(
        lng=round((row["x"] + 0.5) * size, 4),
        lat=round((row["y"] + 0.5) * size, 4),
        size=size,
        reports=int(row["reports"]),
        open=int(row["open"]),
    )
