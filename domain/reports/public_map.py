"""What everybody may read: published reports by box, circle, category, state and time, newest first.

A box is looked up tile by tile, newest first in each; one that lies on too many tiles holds a good part of all reports
and is read newest first from the time index and filtered.
"""

import math
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.errors import Invalid, NotFound, Text
from domain.kernel.geo import Point, require_place
from domain.reports.categories import CATEGORIES, TOP_CODES

RADIUS_M_MAX = 20_000
PER_LAT_M = 111_195.0


class Box(NamedTuple):
    """West, south, east, north in WGS-84 degrees."""

    west: float
    south: float
    east: float
    north: float


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which public reports; None means all."""

    box: Box | None = None
    category: str | None = None  # main category or sub-category
    closed: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


class PublicReport(msgspec.Struct, frozen=True, kw_only=True):
    """A published report. The place is exact only where that can point at nobody, else the centre of a 100 m cell."""

    id: UUID
    number: str
    category: str
    category_name: str
    text: str
    lng: float  # WGS-84
    lat: float
    exact: bool
    town: str
    photos: int
    stage: str
    closed: bool
    supporters: int
    received_at: datetime
    updated_at: datetime


def read_box(text: str) -> Box:
    """`west,south,east,north`; raises `Invalid`."""
    parts = text.split(",")
    try:
        west, south, east, north = (float(part) for part in parts)
    except ValueError as error:
        raise Invalid(Text("bbox 应为 西,南,东,北", "bbox is west,south,east,north"), field="bbox") from error
    require_place(west, south)
    require_place(east, north)
    if west >= east or south >= north:
        raise Invalid(Text("bbox 的西南角应在东北角之下", "bbox goes from south-west to north-east"), field="bbox")
    return Box(west, south, east, north)


def box_around(centre: Point, *, radius_m: float) -> Box:
    """The box that holds the circle."""
    up = radius_m / PER_LAT_M
    right = up / max(0.01, math.cos(math.radians(centre.lat)))
    return Box(centre.lng - right, centre.lat - up, centre.lng + right, centre.lat + up)


COLUMNS = """report as id, number, category, category_name, text,
  lng, lat, exact, town, photos, stage, closed, supporters,
  received_at, updated_at"""


class Grid(NamedTuple):
    """Tiles of one size. `tile` numbers the tile of a row exactly as an index in `schema.sql` does."""

    per_degree: int
    tile: str


GRIDS = (  # about 500 m and 4 km
    Grid(200, "(floor(lat * 200)::bigint * 100000 + floor(lng * 200)::bigint)"),
    Grid(25, "(floor(lat * 25)::bigint * 100000 + floor(lng * 25)::bigint)"),
)
TILES_MAX = 49  # a box over more tiles is looked up in the coarser grid, or newest first in all


def tiles_of(box: Box) -> tuple[Grid, list[int]] | None:
    """The finest grid in which a box lies on few tiles, and those; None for a box that holds a good part of all."""
    for grid in GRIDS:
        west, south, east, north = (math.floor(side * grid.per_degree) for side in box)
        if (east - west + 1) * (north - south + 1) <= TILES_MAX:
            return grid, [y * 100_000 + x for y in range(south, north + 1) for x in range(west, east + 1)]
    return None


def where_of(chosen: Filter, *, before: tuple[datetime, UUID] | None = None) -> tuple[str, list[Any]]:
    """The condition with parameters from $2 on ($1 is the limit)."""
    terms: list[str] = ["hidden_at is null"]
    values: list[Any] = []
    box = chosen.box
    for term, value in (
        ("lng >= ${n}", box and box.west),
        ("lat >= ${n}", box and box.south),
        ("lng <= ${n}", box and box.east),
        ("lat <= ${n}", box and box.north),
        ("category = any(${n}::text[])", _codes(chosen.category)),
        ("closed = ${n}", chosen.closed),
        ("received_at >= ${n}", chosen.since),
        ("received_at < ${n}", chosen.until),
        ("(received_at, report) < (${n}, ${after})", before and before[0]),
    ):
        if value is not None:
            values.append(value)
            terms.append(term.format(n=len(values) + 1, after=len(values) + 2))
    return " and ".join(terms), [*values, before[1]] if before else values


def _codes(category: str | None) -> list[str] | None:
    if category is None:
        return None
    if category in TOP_CODES:
        return [code for code, leaf in CATEGORIES.items() if leaf.top == category]
    return [category]


# Sort keys first, from an index alone: each tile gives at most as many as are wanted, so the work does not grow with
# what is stored. Rows are read for those that are shown.
NEWEST = """
select received_at, report from public_report where {where} order by received_at desc, report desc limit $1
"""
NEWEST_IN_TILES = """
select found.* from unnest(${n}::bigint[]) as t (tile) cross join lateral (
  select received_at, report from public_report where {tile} = t.tile and {where}
  order by received_at desc, report desc limit $1) found
order by received_at desc, report desc limit $1
"""


def keys_of(chosen: Filter, *, before: tuple[datetime, UUID] | None = None) -> tuple[str, list[Any]]:
    """The statement for the sort keys of the newest $1 reports, and its further parameters."""
    where, values = where_of(chosen, before=before)
    small = chosen.box and tiles_of(chosen.box)
    if not small:
        return NEWEST.format(where=where), values
    grid, tiles = small
    return NEWEST_IN_TILES.format(where=where, tile=grid.tile, n=len(values) + 2), [*values, tiles]


async def find(chosen: Filter, *, limit: int) -> list[Any]:
    """Rows for `public`, newest first."""
    keys, values = keys_of(chosen)
    statement = (
        f"with keys as ({keys}) select {COLUMNS} from keys join public_report p using (received_at, report)"
        " order by received_at desc, report desc"
    )
    return await database.fetch(statement, limit, *values)


PAGE = """
with keys as ({keys}),
numbered as (
  select k.*, p.item, row_number() over (order by k.received_at desc, k.report desc) as n
  from keys k join public_report p on p.report = k.report)
select coalesce(string_agg(item, ',' order by n) filter (where n < $1), '') as items, count(*) = $1 as more,
  max(received_at) filter (where n = $1 - 1) as at, max(report::text) filter (where n = $1 - 1) as report from numbered
"""


async def page(
    chosen: Filter, *, limit: int, before: tuple[datetime, UUID] | None = None
) -> tuple[str, tuple[datetime, UUID] | None]:
    """The JSON of at most `limit` reports, newest first, by commas; and the sort key of the last when more follow."""
    keys, values = keys_of(chosen, before=before)
    row = await database.fetch_row(PAGE.format(keys=keys), limit + 1, *values)
    assert row is not None
    return row["items"], (row["at"], UUID(row["report"])) if row["more"] else None


def public(row: Any) -> PublicReport:
    """One row of `find` for the wire."""
    return PublicReport(**dict(row))


async def one(report_id: UUID) -> PublicReport:
    """A published report; raises `NotFound` for hidden, unpublished and unknown ones alike."""
    row = await database.fetch_row(
        f"select {COLUMNS} from public_report where report = $1 and hidden_at is null", report_id
    )
    if row is None:
        raise NotFound
    return public(row)
