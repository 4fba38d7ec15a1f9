"""The public map and list of published reports: no login, nothing personal."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath, QueryParameter

from api.pages import Cursor, Limit, Page, decode_cursor, encode_cursor
from domain.kernel.errors import Invalid, Text
from domain.kernel.geo import Point, require_place
from domain.reports import clusters, public_map
from domain.reports.clusters import ZOOM_MAX, Cluster
from domain.reports.public_map import RADIUS_M_MAX, Box, Filter, PublicReport
from media.links import PublicPhoto, public_photos

BoxText = Annotated[str | None, QueryParameter(max_length=100, description="west,south,east,north in WGS-84 degrees")]
Near = Annotated[
    str | None, QueryParameter(max_length=50, description="lng,lat in WGS-84 degrees; three decimals are enough")
]
Radius = Annotated[float, QueryParameter(gt=0, le=RADIUS_M_MAX, description="Metres around `near`")]
Category = Annotated[str | None, QueryParameter(max_length=40, description="Main category or sub-category")]
State = Annotated[str | None, QueryParameter(pattern="^(open|closed)$", description="open or closed")]
Since = Annotated[datetime | None, QueryParameter(description="Received at or after")]
Until = Annotated[datetime | None, QueryParameter(description="Received before")]

Features = Annotated[int, QueryParameter(ge=1, le=1_000, description="At most 1,000 features")]
Zoom = Annotated[int, QueryParameter(ge=0, le=ZOOM_MAX, description="Zoom level of the map, 0 to 20")]


class Geometry(msgspec.Struct, frozen=True, kw_only=True):
    """A GeoJSON point: longitude, latitude."""

    coordinates: tuple[float, float]
    type: Literal["Point"] = "Point"


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One published report as a GeoJSON feature."""

    id: UUID
    geometry: Geometry
    properties: PublicReport
    type: Literal["Feature"] = "Feature"


class FeatureCollection(msgspec.Struct, frozen=True, kw_only=True):
    """A GeoJSON document."""

    features: list[Feature]
    type: Literal["FeatureCollection"] = "FeatureCollection"


class PublicReportView(PublicReport, frozen=True, kw_only=True):
    """A published report and its photographs."""

    photographs: list[PublicPhoto]


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
) -> Response[Page[PublicReport]]:
    """Published reports, newest first, in a box or around a point."""
    box = box_of(bbox, near, radius_m)
    chosen = _chosen(box, category=category, state=status, since=since, until=until)
    before = decode_cursor(cursor, tuple[datetime, UUID])
    items, last = await public_map.page(chosen, limit=limit, before=before)
    following = "null" if last is None else f'"{encode_cursor(*last)}"'
    content: Any = f'{{"items":[{items}],"next":{following}}}'.encode()
    return Response(content, media_type="application/json")


@get("/v1/public/reports/geojson", opt={"audience": "public"}, tags=["public"], summary="Published reports as GeoJSON")
async def as_geojson(
    bbox: BoxText = None,
    near: Near = None,
    radius_m: Radius = 1_000,
    category: Category = None,
    status: State = None,
    since: Since = None,
    until: Until = None,
    limit: Features = 200,
) -> Response[FeatureCollection]:
    """The newest published reports in a box or around a point, as points in WGS-84 (RFC 7946)."""
    box = box_of(bbox, near, radius_m)
    chosen = _chosen(box, category=category, state=status, since=since, until=until)
    rows = await public_map.find(chosen, limit=limit)
    features = [
        Feature(
            id=row["id"], geometry=Geometry(coordinates=(row["lng"], row["lat"])), properties=public_map.public(row)
        )
        for row in rows
    ]
    return Response(FeatureCollection(features=features), media_type="application/geo+json")


@get("/v1/public/reports/clusters", opt={"audience": "public"}, tags=["public"], summary="Counts per map cell")
async def as_clusters(
    bbox: BoxText = None,
    zoom: Zoom = 11,
    category: Category = None,
    status: State = None,
    since: Since = None,
    until: Until = None,
) -> list[Cluster]:
    """Counts per cell for a map that is zoomed out. Sensitive categories count in a cell from five reports on."""
    box = box_of(bbox, None, 0)
    return await clusters.count(_chosen(box, category=category, state=status, since=since, until=until), zoom=zoom)


@get("/v1/public/reports/{report_id:uuid}", opt={"audience": "public"}, tags=["public"], summary="A published report")
async def public_report(report_id: FromPath[UUID]) -> PublicReportView:
    """One published report with the addresses of its screened photographs."""
    report = await public_map.one(report_id)
    subject = f"report:{report_id}"
    photos = (await public_photos([subject]))[subject] if report.photos else []
    return PublicReportView(photographs=photos, **msgspec.structs.asdict(report))


ROUTES = [public_reports, as_geojson, as_clusters, public_report]
