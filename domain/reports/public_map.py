"""What everybody may read: published reports by box, circle, category, state and time, newest first.

Small boxes go through the place index; wide ones hold a good part of all reports, so they are read newest first from
the time index and filtered. `SMALL_BOX_DEG2` is where one becomes cheaper than the other.
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

SMALL_BOX_DEG2 = 0.01  # about 10 km x 10 km
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
IN_SMALL_BOX = "point(lng, lat) <@ box(point($2, $3), point($4, $5))"
IN_WIDE_BOX = "lng between $2::float8 and $4::float8 and lat between $3::float8 and $5::float8"
EVERYWHERE = "($2::float8 is null or ($3::float8 + $4::float8 + $5::float8) is null)"


def where_of(chosen: Filter) -> tuple[str, list[Any]]:
    """The condition with parameters from $2 on ($1 is the limit)."""
    terms, values = ["hidden_at is null"], [*(chosen.box or (None,) * 4)]
    if chosen.box is None:
        terms.append(EVERYWHERE)
    else:
        small = (chosen.box.east - chosen.box.west) * (chosen.box.north - chosen.box.south) <= SMALL_BOX_DEG2
        terms.append(IN_SMALL_BOX if small else IN_WIDE_BOX)
    for term, value in (
        ("category = any(${n}::text[])", _codes(chosen.category)),
        ("closed = ${n}", chosen.closed),
        ("received_at >= ${n}", chosen.since),
        ("received_at < ${n}", chosen.until),
    ):
        if value is not None:
            values.append(value)
            terms.append(term.format(n=len(values) + 1))
    return " and ".join(terms), values


def _codes(category: str | None) -> list[str] | None:
    if category is None:
        return None
    if category in TOP_CODES:
        return [code for code, leaf in CATEGORIES.items() if leaf.top == category]
    return [category]


async def find(chosen: Filter, *, limit: int) -> list[Any]:
    """Rows for `public`, newest first."""
    where, values = where_of(chosen)
    statement = f"select {COLUMNS} from public_report where {where} order by received_at desc, report desc limit $1"
    return await database.fetch(statement, limit, *values)


PAGE = """
with page as (
  select item, received_at, report from public_report where {where}
  order by received_at desc, report desc limit $1::int + 1),
numbered as (select *, row_number() over (order by received_at desc, report desc) as n from page)
select coalesce(string_agg(item, ',' order by n) filter (where n <= $1), '') as items, count(*) > $1 as more,
  max(received_at) filter (where n = $1) as at, max(report::text) filter (where n = $1) as report from numbered
"""


async def page(
    chosen: Filter, *, limit: int, before: tuple[datetime, UUID] | None = None
) -> tuple[str, tuple[datetime, UUID] | None]:
    """The JSON of at most `limit` reports, newest first, by commas; and the sort key of the last when more follow."""
    where, values = where_of(chosen)
    if before is not None:
        values += before
        where += f" and (received_at, report) < (${len(values)}, ${len(values) + 1})"
    row = await database.fetch_row(PAGE.format(where=where), limit, *values)
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
