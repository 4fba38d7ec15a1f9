"""The public map and list of published reports: no login, nothing personal."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.params import FromPath, QueryParameter

from api.pages import Cursor, Limit, Page, decode_cursor, page_of
from domain.kernel.errors import Invalid, Text
from domain.kernel.geo import Point, require_place
from domain.reports import public_map
from domain.reports.public_map import RADIUS_M_MAX, Box, Filter, PublicReport

BoxText = Annotated[str | None, QueryParameter(max_length=100, description="west,south,east,north in WGS-84 degrees")]
Near = Annotated[
    str | None, QueryParameter(max_length=50, description="lng,lat in WGS-84 degrees; three decimals are enough")
]
Radius = Annotated[float, QueryParameter(gt=0, le=RADIUS_M_MAX, description="Metres around `near`")]
Category = Annotated[str | None, QueryParameter(max_length=40, description="Main category or sub-category")]
State = Annotated[str | None, QueryParameter(pattern="^(open|closed)$", description="open or closed")]
Since = Annotated[datetime | None, QueryParameter(description="Received at or after")]
Until = Annotated[datetime | None, QueryParameter(description="Received before")]


def box_of(bbox: str | None, near: str | None, radius_m: float) -> Box | None:
    """The box to look in; raises `Invalid` when both forms are given or unreadable."""
    if bbox is not None and near is not None:
        raise Invalid(Text("bbox 与 near 只能选一个", "Give bbox or near, not both"), field="bbox")
    if bbox is not None:
        return public_map.read_box(bbox)
    if near is None:
        return None
    try:
        lng, lat = (float(part) for part in near.split(","))
    except ValueError as error:
        raise Invalid(Text("near 应为 经度,纬度", "near is lng,lat"), field="near") from error
    require_place(lng, lat)
    return public_map.box_around(Point(lng, lat), radius_m=radius_m)


def _chosen(
    box: Box | None, *, category: str | None, state: str | None, since: datetime | None, until: datetime | None
) -> Filter:
    closed = None if state is None else state == "closed"
    return Filter(box=box, category=category, closed=closed, since=since, until=until)


@get("/v1/public/reports", opt={"audience": "public"}, tags=["public"], summary="Published reports")
async def public_reports(
    bbox: BoxText = None,
    near: Near = None,
    radius_m: Radius = 1_000,
    category: Category = None,
    status: State = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[PublicReport]:
    """Published reports, newest first, in a box or around a point."""
    box = box_of(bbox, near, radius_m)
    chosen = _chosen(box, category=category, state=status, since=since, until=until)
    rows = await public_map.find(chosen, limit=limit + 1, before=decode_cursor(cursor, tuple[datetime, UUID]))
    items = [public_map.public(row) for row in rows]
    return page_of(rows, limit=limit, key=("received_at", "id"), items=items)


@get("/v1/public/reports/{report_id:uuid}", opt={"audience": "public"}, tags=["public"], summary="A published report")
async def public_report(report_id: FromPath[UUID]) -> PublicReport:
    """One published report."""
    return await public_map.one(report_id)


ROUTES = [public_reports, public_report]
