"""The three rates and the on-time rate: scorecards for everybody, the cases behind them for officers."""

import csv
import io
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.actors import Actor
from api.pages import Cursor, Limit, Page, decode_cursor, page_of
from domain.cases import rates
from domain.cases.rates import SAMPLE_MIN, CountedRound, Definition, Rates
from domain.kernel import clock
from domain.kernel.clock import local_day
from domain.kernel.errors import Invalid, Text

TAGS = ["Rates"]
DAYS_MAX = 366
FORMULA_STARTS = ("=", "+", "-", "@", "\t")  # a spreadsheet would run them
DAYS_DEFAULT = 90
CACHE = {"Cache-Control": "public, max-age=300"}
By = Annotated[str, QueryParameter(pattern="^(unit|town|category|all)$", description="unit, town, category or all.")]
First = Annotated[date | None, QueryParameter(description="First day (Asia/Shanghai); 90 days before the last one.")]
Last = Annotated[date | None, QueryParameter(description="Last day, included; today when left out.")]
Group = Annotated[str | None, QueryParameter(max_length=60, description="One line of the scorecard.")]


class Definitions(msgspec.Struct, frozen=True, kw_only=True):
    """What the numbers mean."""

    counted: str
    sample_min: int
    rates: list[Definition]


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """The rates of a period, one line for each group."""

    by: str
    first: date
    last: date
    lines: list[Rates]


def period(first: date | None, last: date | None) -> tuple[date, date]:
    """The days asked for; raises `Invalid` for a period that ends before it begins or is over a year long."""
    end = last or local_day(clock.utc_now())
    start = first or end - timedelta(days=DAYS_DEFAULT - 1)
    if not timedelta(0) <= end - start < timedelta(days=DAYS_MAX):
        raise Invalid(Text("期间为 1–366 天", f"a period has 1 to {DAYS_MAX} days"), field="first")
    return start, end


@get("/v1/rates/definitions", opt={"audience": "public"}, tags=TAGS, summary="What the rates mean")
async def definitions() -> Response[Definitions]:
    """The published formulas. The unit of counting is a round handed over in the period."""
    told = Definitions(
        counted="rounds handed over in the period, withdrawn ones left out; provisional closures are not resolved yet",
        sample_min=SAMPLE_MIN,
        rates=list(rates.DEFINITIONS),
    )
    return Response(told, headers=CACHE)


@get("/v1/rates", opt={"audience": "public"}, tags=TAGS, summary="Scorecards")
async def scorecard(by: By = "unit", first: First = None, last: Last = None) -> Response[Scorecard]:
    """Counts, rates and median times. A rate with a sample below the minimum is null."""
    start, end = period(first, last)
    lines = await rates.rates(by=by, first=start, last=end, now=clock.utc_now())
    return Response(Scorecard(by=by, first=start, last=end, lines=lines), headers=CACHE)


@get("/v1/rates.csv", opt={"audience": "public", "limit": "export"}, tags=TAGS, summary="Scorecards as CSV")
async def scorecard_csv(by: By = "unit", first: First = None, last: Last = None) -> Response[bytes]:
    """The same as a table with a header line, UTF-8 with byte order mark for spreadsheets."""
    start, end = period(first, last)
    lines = await rates.rates(by=by, first=start, last=end, now=clock.utc_now())
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["first", "last", *Rates.__struct_fields__])
    for line in lines:
        group, *numbers = msgspec.structs.astuple(line)
        writer.writerow([start, end, "'" + group if group[:1] in FORMULA_STARTS else group, *numbers])
    return Response(text.getvalue().encode("utf-8-sig"), headers=CACHE, media_type="text/csv; charset=utf-8")


@get("/v1/operator/rates/rounds", opt={"audience": "operator"}, tags=TAGS, summary="The rounds behind a line")
async def rounds(
    operator: NamedDependency[Actor],
    by: By = "unit",
    group: Group = None,
    first: First = None,
    last: Last = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[CountedRound]:
    """Every counted round of a line with what it counted as; cases by id, reporters never."""
    start, end = period(first, last)
    after = decode_cursor(cursor, tuple[datetime, UUID])
    rows = await rates.drill(
        by=by, group=group, first=start, last=end, after=after, limit=limit + 1, now=clock.utc_now()
    )
    return page_of(rows, limit=limit, key=("opened_at", "case_id"), items=[rates.counted_round(row) for row in rows])


ROUTES = [definitions, scorecard, scorecard_csv, rounds]
