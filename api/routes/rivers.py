"""A resident's river: its page, its months, charts, the nearest rivers, the ranking, what happens along it."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.params import PathParameter, QueryParameter

from api.open_data.caching import answer
from domain.disclosure import charts, river_page, river_series
from domain.disclosure.datasets.river_chiefs import RIVER_CHIEFS
from domain.disclosure.datasets.river_policies import RIVER_POLICIES
from domain.disclosure.datasets.river_water import RIVER_WATER
from domain.disclosure.datasets.rivers import RIVERS
from domain.disclosure.datasets.sections import SECTIONS
from domain.disclosure.river_page import Nearby, RiverPage
from domain.disclosure.river_series import MONTHS_MAX, MonthPoint, Rank, months_back, months_between
from domain.kernel import clock
from domain.kernel.errors import Invalid, Text
from domain.kernel.geo import Point, distance_to_line_m, require_place
from domain.reports import public_map
from domain.reports.public_map import Box, Filter, PublicReport

SVG = "image/svg+xml"
SVG_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
ALONG_M_DEFAULT, ALONG_M_MAX = 300, 2_000
ALONG_REPORTS_MAX = 100
DEGREES_PER_M = 1 / 90_000  # generous: the box only preselects
Code = Annotated[str, PathParameter(max_length=40, description="River code")]
Months = Annotated[int, QueryParameter(ge=1, le=MONTHS_MAX, description="How many months back")]
MONTH = QueryParameter(max_length=7, pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", description="As 2026-05")
PAGE_DATA = (RIVERS, SECTIONS, RIVER_CHIEFS, RIVER_POLICIES)


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """The rivers of a month, cleanest first."""

    month: str
    rule: str
    ranked: list[Rank]
    left_out: list[str]


class Classes(msgspec.Struct, frozen=True, kw_only=True):
    """One text per section code, one character per month: 1 to 6 is the class, 0 was not assessed, - is missing."""

    since: str
    until: str
    sections: dict[str, str]


class Along(msgspec.Struct, frozen=True, kw_only=True):
    """A published report near the river."""

    distance_m: int
    report: PublicReport


def today_here() -> date:
    """The district's day."""
    return clock.local_day(clock.utc_now())


@get("/v1/rivers/nearest", opt={"audience": "public"}, tags=["rivers"], summary="Rivers near a place")
async def nearest(
    near: Annotated[str, QueryParameter(max_length=50, description="lng,lat in WGS-84 degrees")],
    limit: Annotated[int, QueryParameter(ge=1, le=river_page.NEAREST_MAX)] = 5,
) -> list[Nearby]:
    """The nearest rivers by distance to their line."""
    try:
        lng, lat = (float(part) for part in near.split(","))
    except ValueError as error:
        raise Invalid(Text("near 应为 经度,纬度", "near is lng,lat"), field="near") from error
    return await river_page.nearest(require_place(lng, lat), limit=limit, today=today_here())


@get("/v1/rivers/ranking", opt={"audience": "public"}, tags=["rivers"], summary="Ranking of a month")
async def ranking(
    request: Request[Any, Any, Any],
    month: Annotated[
        str | None,
        QueryParameter(max_length=7, pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", description="Default: last month"),
    ] = None,
) -> Response[Ranking]:
    """Rivers with complete data only; the others are named as left out."""
    today = today_here()
    chosen = month or months_back(today, 1)[0]

    async def make() -> bytes:
        ranked, left_out = await river_page.month_ranking(chosen, today=today)
        rule = "各项指标与Ⅲ类限值之比的平均值，越小越好；断面或指标不全的河流不参加排名（本区规则）"
        return msgspec.json.encode(Ranking(month=chosen, rule=rule, ranked=ranked, left_out=left_out))

    return await answer(request, dataset=RIVER_WATER, also=PAGE_DATA, today=today, make=make)


@get("/v1/rivers/classes", opt={"audience": "public"}, tags=["rivers"], summary="All sections, many months")
async def classes(
    request: Request[Any, Any, Any], since: Annotated[str, MONTH], until: Annotated[str, MONTH]
) -> Response[Classes]:
    """The class of every section in every month of a span (at most 120 months), for maps and animations."""
    months = months_between(since, until)
    if not 1 <= len(months) <= MONTHS_MAX:
        raise Invalid(Text(f"应为 1–{MONTHS_MAX} 个月", f"1 to {MONTHS_MAX} months"), field="until")

    async def make() -> bytes:
        found = await river_series.classes_of_all(since=since, until=until)
        return msgspec.json.encode(Classes(since=since, until=until, sections=found))

    return await answer(request, dataset=RIVER_WATER, today=today_here(), make=make)


@get("/v1/rivers/{code:str}", opt={"audience": "public"}, tags=["rivers"], summary="A river's page")
async def page(request: Request[Any, Any, Any], code: Code) -> Response[RiverPage]:
    """This month's class and target, 24 months with missing ones shown as missing, chiefs, policies, sections."""
    today = today_here()

    async def make() -> bytes:
        return msgspec.json.encode(await river_page.page(code, today=today))

    return await answer(request, dataset=RIVER_WATER, also=PAGE_DATA, today=today, make=make)


@get("/v1/rivers/{code:str}/series", opt={"audience": "public"}, tags=["rivers"], summary="A river's months")
async def months_of(request: Request[Any, Any, Any], code: Code, months: Months = 24) -> Response[list[MonthPoint]]:
    """One point per month, oldest first; a month without data has no class."""
    today = today_here()

    async def make() -> bytes:
        await river_page.river(code, today=today)
        return msgspec.json.encode(await river_page.points_of(code, months=months, today=today))

    return await answer(request, dataset=RIVER_WATER, also=PAGE_DATA, today=today, make=make)


@get("/v1/rivers/{code:str}/chart.svg", opt={"audience": "public"}, tags=["rivers"], summary="Chart of the months")
async def chart(request: Request[Any, Any, Any], code: Code, months: Months = 24) -> Response[str]:
    """The months over the class bands with the target line."""
    today = today_here()

    async def make() -> bytes:
        row = await river_page.river(code, today=today)
        points = await river_page.points_of(code, months=months, today=today)
        target = int(row["target_class"]) if row.get("target_class") else None
        return charts.series_chart(points, title=f"{row['name']} 水质类别", target=target).encode()

    return await answer(
        request, dataset=RIVER_WATER, also=PAGE_DATA, today=today, make=make, media_type=SVG, headers=SVG_POLICY
    )


@get("/v1/rivers/{code:str}/card.svg", opt={"audience": "public"}, tags=["rivers"], summary="Card for sharing")
async def card(request: Request[Any, Any, Any], code: Code) -> Response[str]:
    """Name, latest class and target on one picture."""
    today = today_here()

    async def make() -> bytes:
        shown = await river_page.page(code, today=today)
        return charts.share_card(name=shown.name, town=shown.town, latest=shown.latest, target=shown.target).encode()

    return await answer(
        request, dataset=RIVER_WATER, also=PAGE_DATA, today=today, make=make, media_type=SVG, headers=SVG_POLICY
    )


@get("/v1/rivers/{code:str}/reports", opt={"audience": "public"}, tags=["rivers"], summary="Reports along a river")
async def along(
    code: Code,
    metres: Annotated[int, QueryParameter(ge=1, le=ALONG_M_MAX, description="Distance to the line")] = ALONG_M_DEFAULT,
    closed: Annotated[bool, QueryParameter(description="Closed ones instead of open ones")] = False,
) -> list[Along]:
    """Published reports within a distance of the river's line, nearest first; their photographs are linked."""
    row = await river_page.river(code, today=today_here())
    if not row.get("course"):
        return []
    lines = list(river_page.lines_of(row["course"]))
    rows = await public_map.find(Filter(box=_box(lines, metres), closed=closed), limit=ALONG_REPORTS_MAX)
    found = []
    for report in (public_map.public(entry) for entry in rows):
        away = min(distance_to_line_m(Point(report.lng, report.lat), line) for line in lines)
        if away <= metres:
            found.append(Along(distance_m=round(away), report=report))
    return sorted(found, key=lambda near: near.distance_m)


def _box(lines: list[Any], metres: int) -> Box:
    vertices = [vertex for line in lines for vertex in line]
    margin = metres * DEGREES_PER_M
    lngs, lats = [v[0] for v in vertices], [v[1] for v in vertices]
    return Box(min(lngs) - margin, min(lats) - margin, max(lngs) + margin, max(lats) + margin)


ROUTES = [nearest, ranking, classes, page, months_of, chart, card, along]
