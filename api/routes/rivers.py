"""Rivers by place and rank, their months as data and charts. One river's page is in `river_life`."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get
from litestar.params import QueryParameter

from api.open_data.caching import answer
from api.routes import river_life
from api.routes.river_life import PAGE_DATA, SVG, SVG_POLICY, Code
from domain.disclosure import charts, river_page, river_series
from domain.disclosure.datasets.river_water import RIVER_WATER
from domain.disclosure.river_page import SERIES_MONTHS, Nearby
from domain.disclosure.river_series import MONTHS_MAX, MonthPoint, PeriodPoint, Rank, months_back, months_between
from domain.kernel import clock
from domain.kernel.errors import Invalid, Text
from domain.kernel.geo import require_place

Months = Annotated[int, QueryParameter(ge=1, le=MONTHS_MAX, description="How many months back")]
MONTH = QueryParameter(max_length=7, pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", description="As 2026-05")


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
    request: Request[Any, Any, Any],
    since: Annotated[str | None, MONTH] = None,
    until: Annotated[str | None, MONTH] = None,
) -> Response[Classes]:
    """The class of every section in every month of a span (at most 120 months, by default the last 24)."""
    today = today_here()
    last = months_back(today, SERIES_MONTHS)
    since, until = since or last[0], until or last[-1]
    months = months_between(since, until)
    if not 1 <= len(months) <= MONTHS_MAX:
        raise Invalid(Text(f"应为 1–{MONTHS_MAX} 个月", f"1 to {MONTHS_MAX} months"), field="until")

    async def make() -> bytes:
        found = await river_series.classes_of_all(since=since, until=until)
        return msgspec.json.encode(Classes(since=since, until=until, sections=found))

    return await answer(request, dataset=RIVER_WATER, today=today, make=make)


@get("/v1/rivers/{code:str}/series", opt={"audience": "public"}, tags=["rivers"], summary="A river's months")
async def months_of(request: Request[Any, Any, Any], code: Code, months: Months = 24) -> Response[list[MonthPoint]]:
    """One point per month, oldest first; a month without data has no class."""
    today = today_here()

    async def make() -> bytes:
        await river_page.river(code, today=today)
        return msgspec.json.encode(await river_page.points_of(code, months=months, today=today))

    return await answer(request, dataset=RIVER_WATER, also=PAGE_DATA, today=today, make=make)


@get(
    "/v1/rivers/{code:str}/periods", opt={"audience": "public"}, tags=["rivers"], summary="A river's quarters or years"
)
async def periods_of(
    request: Request[Any, Any, Any],
    code: Code,
    by: Annotated[Literal["quarter", "year"], QueryParameter(description="The length of a period")] = "quarter",
    years: Annotated[int, QueryParameter(ge=1, le=10, description="How many years back")] = 2,
) -> Response[list[PeriodPoint]]:
    """Means of the months there are, evaluated like a month; `complete` says whether none is missing.

    Each is compared with the same quarter of the year before, or with the year before.
    """
    today = today_here()

    async def make() -> bytes:
        await river_page.river(code, today=today)
        return msgspec.json.encode(await river_page.periods_of(code, by=by, years=years, today=today))

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


ROUTES = [nearest, ranking, classes, months_of, periods_of, chart, *river_life.ROUTES]
