"""A river's page, and what happens along the river: open reports with their photographs, patrols; cards for sharing."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.params import PathParameter, QueryParameter

from api.open_data.caching import answer, answer_live
from domain.disclosure import charts, river_page
from domain.disclosure.datasets.river_chiefs import RIVER_CHIEFS
from domain.disclosure.datasets.river_policies import RIVER_POLICIES
from domain.disclosure.datasets.river_water import RIVER_WATER
from domain.disclosure.datasets.rivers import RIVERS
from domain.disclosure.datasets.sections import SECTIONS
from domain.disclosure.river_page import RiverPage
from domain.disclosure.water_limits import COLOURS
from domain.kernel import clock
from domain.kernel.geo import Point, distance_to_line_m
from domain.reports import public_map
from domain.reports.public_map import Box, Filter, PublicReport
from media import cards
from media.cards import Card, Line
from media.links import PublicPhoto, public_photos
from rewards.certificate_pdf import FONT
from rewards.patrols import Patrol, latest_patrols

SVG, PNG = "image/svg+xml", "image/png"
SVG_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
ALONG_M_DEFAULT, ALONG_M_MAX = 300, 2_000
ALONG_REPORTS_MAX = 500  # looked at, newest first
ROMAN = str.maketrans({"Ⅰ": "I", "Ⅱ": "II", "Ⅲ": "III", "Ⅳ": "IV", "Ⅴ": "V"})  # the font has no single signs for them
PAGE_REPORTS, PAGE_PATROLS = 20, 10
DEGREES_PER_M = 1 / 90_000  # generous: the box only preselects
Code = Annotated[str, PathParameter(max_length=40, description="River code")]
Metres = Annotated[int, QueryParameter(ge=1, le=ALONG_M_MAX, description="Distance to the river's line")]
PAGE_DATA = (RIVERS, SECTIONS, RIVER_CHIEFS, RIVER_POLICIES)


class Along(msgspec.Struct, frozen=True, kw_only=True):
    """A published report near the river, with its photographs."""

    distance_m: int
    report: PublicReport
    photographs: list[PublicPhoto]


class RiverView(RiverPage, frozen=True, kw_only=True):
    """The whole page: what was published about the river, and what happens along it now."""

    within_m: int
    open_reports: list[Along]
    patrols: list[Patrol]


@get("/v1/rivers/{code:str}", opt={"audience": "public"}, tags=["rivers"], summary="A river's page")
async def page(request: Request[Any, Any, Any], code: Code, metres: Metres = ALONG_M_DEFAULT) -> Response[RiverView]:
    """This month's class and target, 24 months with missing ones shown as missing, chiefs, policies, sections.

    Also the open reports near its line with their published photographs, and the latest patrols.
    """
    shown = await river_page.page(code, today=clock.local_day(clock.utc_now()))
    near = await _near(shown.course, metres=metres, closed=False)
    view = RiverView(
        **{name: getattr(shown, name) for name in RiverPage.__struct_fields__},
        within_m=metres,
        open_reports=near[:PAGE_REPORTS],
        patrols=await latest_patrols(code, PAGE_PATROLS),
    )
    return answer_live(request, msgspec.json.encode(view))


@get("/v1/rivers/{code:str}/reports", opt={"audience": "public"}, tags=["rivers"], summary="Reports along a river")
async def along(
    code: Code,
    metres: Metres = ALONG_M_DEFAULT,
    closed: Annotated[bool, QueryParameter(description="Closed ones instead of open ones")] = False,
) -> list[Along]:
    """Published reports within a distance of the river's line, nearest first, with their photographs."""
    row = await river_page.river(code, today=clock.local_day(clock.utc_now()))
    return await _near(row.get("course"), metres=metres, closed=closed)


@get("/v1/rivers/{code:str}/patrols", opt={"audience": "public"}, tags=["rivers"], summary="Patrols of a river")
async def patrols(code: Code, limit: Annotated[int, QueryParameter(ge=1, le=50)] = 20) -> list[Patrol]:
    """The latest patrols that took place: sums and public findings, nobody's name."""
    await river_page.river(code, today=clock.local_day(clock.utc_now()))
    return await latest_patrols(code, limit)


async def _near(course: dict[str, Any] | None, *, metres: int, closed: bool) -> list[Along]:
    if not course:
        return []
    lines = list(river_page.lines_of(course))
    rows = await public_map.find(Filter(box=_box(lines, metres), closed=closed), limit=ALONG_REPORTS_MAX)
    found = []
    for report in (public_map.public(row) for row in rows):
        away = min(distance_to_line_m(Point(report.lng, report.lat), line) for line in lines)
        if away <= metres:
            found.append((round(away), report))
    photographs = await public_photos([f"report:{report.id}" for _, report in found if report.photos])
    return [
        Along(distance_m=away, report=report, photographs=photographs.get(f"report:{report.id}", []))
        for away, report in sorted(found, key=lambda near: near[0])
    ]


def _box(lines: list[Any], metres: int) -> Box:
    vertices = [vertex for line in lines for vertex in line]
    margin = metres * DEGREES_PER_M
    lngs, lats = [v[0] for v in vertices], [v[1] for v in vertices]
    return Box(min(lngs) - margin, min(lats) - margin, max(lngs) + margin, max(lats) + margin)


@get("/v1/rivers/{code:str}/card.svg", opt={"audience": "public"}, tags=["rivers"], summary="Card for sharing")
async def card(request: Request[Any, Any, Any], code: Code) -> Response[str]:
    """Name, latest class and target on one picture."""
    today = clock.local_day(clock.utc_now())

    async def make() -> bytes:
        shown = await river_page.page(code, today=today)
        return charts.share_card(name=shown.name, town=shown.town, latest=shown.latest, target=shown.target).encode()

    return await answer(
        request, dataset=RIVER_WATER, also=PAGE_DATA, today=today, make=make, media_type=SVG, headers=SVG_POLICY
    )


@get("/v1/rivers/{code:str}/card.png", opt={"audience": "public"}, tags=["rivers"], summary="Card for chat apps")
async def card_as_png(request: Request[Any, Any, Any], code: Code) -> Response[bytes]:
    """The same card as PNG, 600 x 480: chat apps show no SVG."""
    today = clock.local_day(clock.utc_now())

    async def make() -> bytes:
        shown = await river_page.page(code, today=today)
        return await asyncio.to_thread(cards.draw, card_of(shown), font=FONT)

    return await answer(request, dataset=RIVER_WATER, also=PAGE_DATA, today=today, make=make, media_type=PNG)


def card_of(shown: RiverPage) -> Card:
    """The facts of a river's card."""
    latest = shown.latest
    below = f"{latest.month} {latest.status or ''}".strip() if latest is not None else "暂无数据 no data"
    return Card(
        label=((latest.class_name or latest.status or "—") if latest is not None else "—").translate(ROMAN),
        colour=latest.colour if latest is not None else COLOURS[None],
        lines=(
            Line(text=shown.name, y=66, size=40),
            Line(text=shown.town or "", y=110, size=20, colour=cards.GREY),
            Line(text=below, y=372, size=24),
            Line(text=f"水质目标 {shown.target or '—'}".translate(ROMAN), y=410, size=20, colour=cards.GREY),
            Line(text="绿哨 Green Whistle", y=450, size=14, colour=cards.GREY),
        ),
    )


ROUTES = [page, along, patrols, card, card_as_png]
