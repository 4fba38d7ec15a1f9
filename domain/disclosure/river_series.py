"""A river's months: one point per month from its sections, missing months as missing, and the ranking."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec

from domain.disclosure.datasets.river_water import RIVER_WATER
from domain.disclosure.water_limits import BY_CODE, CLASS_III, CLASS_NAMES, COLOURS, ITEMS, Body
from domain.disclosure.water_means import Values, mean_values
from domain.disclosure.water_rating import Change, RiverRating, change_of_status, rate_river
from domain.kernel import database

MONTHS_MAX = 120
RANKED_ITEMS = ("codmn", "nh3n", "tp", "do")  # our policy: the index is the mean of value over class III limit
RANKED_ITEMS_MIN = 3
MONTHS_PER_YEAR, MONTHS_PER_QUARTER = 12, 3
NO_MONTH = "-" * MONTHS_PER_YEAR


class MonthPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One month of a river. Without any assessed section everything but the month is null: missing, not zero."""

    month: str
    sections: int = 0
    water_class: int | None = None  # null when five or more sections are rated by shares
    class_name: str | None = None
    status: str | None = None
    colour: str = COLOURS[None]
    main_items: list[str] = []
    change: str | None = None  # against the same month of the year before


class Rank(msgspec.Struct, frozen=True, kw_only=True):
    """A river's place; the smaller the index, the cleaner."""

    place: int
    river: str
    index: Decimal
    status: str | None


def months_back(today: date, count: int) -> list[str]:
    """The `count` months before the current one, oldest first."""
    last = today.year * MONTHS_PER_YEAR + today.month - 2
    return [f"{n // MONTHS_PER_YEAR}-{n % MONTHS_PER_YEAR + 1:02d}" for n in range(last - count + 1, last + 1)]


async def values_of(river: str | None, *, since: str, until: str, today: date) -> list[dict[str, Any]]:
    """The public monthly rows of a river (or of all), oldest month first."""
    rows = await database.fetch(
        f"select public_json from {RIVER_WATER.tablename} where superseded_at is null and state = 'public'"
        " and shown_from <= $4 and month between $2 and $3 and ($1::text is null or river = $1)"
        " order by month, section",
        river,
        since,
        until,
        today,
    )
    return [msgspec.json.decode(row["public_json"]) for row in rows]


def measured(row: Mapping[str, Any]) -> Values:
    """The items of a public row."""
    return {item.code: row[item.code] for item in ITEMS if row.get(item.code) is not None}


def rating_of(rows: Sequence[Mapping[str, Any]], bodies: Mapping[str, Body]) -> RiverRating:
    """The rating of one river's month."""
    return rate_river([(bodies.get(row["section"], "river"), measured(row)) for row in rows])


def point(month: str, rating: RiverRating, *, sections: int, before: RiverRating | None) -> MonthPoint:
    """The month as shown."""
    water_class = rating.mean.water_class if rating.mean is not None else None
    change: Change | None = None
    if before is not None and before.status is not None and rating.status is not None:
        change = change_of_status(before.status, rating.status)
    return MonthPoint(
        month=month,
        sections=sections,
        water_class=water_class,
        class_name=CLASS_NAMES[water_class] if water_class else None,
        status=rating.status.value.zh if rating.status else None,
        colour=COLOURS[water_class] if water_class else _status_colour(rating),
        main_items=[BY_CODE[code].name.zh for code in rating.main_items],
        change=change.value.zh if change else None,
    )


def _status_colour(rating: RiverRating) -> str:
    """Rated by shares: the colour of the class that stands for the state."""
    if rating.status is None:
        return COLOURS[None]
    return COLOURS[{"EXCELLENT": 2, "GOOD": 3, "LIGHT": 4, "MEDIUM": 5, "HEAVY": 6}[rating.status.name]]


def series(months: Sequence[str], rows: Sequence[Mapping[str, Any]], *, bodies: Mapping[str, Body]) -> list[MonthPoint]:
    """One point per month, the missing ones included."""
    by_month: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_month.setdefault(row["month"], []).append(row)
    ratings = {month: rating_of(found, bodies) for month, found in by_month.items()}
    points = []
    for month in months:
        rating = ratings.get(month)
        if rating is None:
            points.append(MonthPoint(month=month))
            continue
        year_before = f"{int(month[:4]) - 1}{month[4:]}"
        points.append(point(month, rating, sections=len(by_month[month]), before=ratings.get(year_before)))
    return points


class PeriodPoint(MonthPoint, frozen=True, kw_only=True):
    """A quarter or a year: the mean of the months there are. `month` is its first month."""

    period: str  # 2026Q1, 2026
    months: int  # with data
    complete: bool  # each of its sections has every month of the period


def periods(
    rows: Sequence[Mapping[str, Any]], *, bodies: Mapping[str, Body], by: Literal["quarter", "year"]
) -> list[PeriodPoint]:
    """The river by quarters or years, oldest first: each section's mean of its months, then the river's rating.

    Compared with the same quarter of the year before, or with the year before.
    """
    size = MONTHS_PER_QUARTER if by == "quarter" else MONTHS_PER_YEAR
    grouped: dict[tuple[int, int], dict[str, list[Mapping[str, Any]]]] = {}
    for row in rows:
        year, number = int(row["month"][:4]), (int(row["month"][5:]) - 1) // size
        grouped.setdefault((year, number), {}).setdefault(row["section"], []).append(row)
    ratings = {
        period: rate_river(
            [(bodies.get(section, "river"), mean_values(map(measured, months))) for section, months in found.items()]
        )
        for period, found in grouped.items()
    }
    made = []
    for (year, number), found in sorted(grouped.items()):
        months = {row["month"] for of_section in found.values() for row in of_section}
        base = point(
            f"{year}-{number * size + 1:02d}",
            ratings[year, number],
            sections=len(found),
            before=ratings.get((year - 1, number)),
        )
        named = f"{year}Q{number + 1}" if by == "quarter" else str(year)
        facts = {name: getattr(base, name) for name in MonthPoint.__struct_fields__}
        made.append(
            PeriodPoint(**facts, period=named, months=len(months), complete=all(len(m) == size for m in found.values()))
        )
    return made


def index_of(values: Mapping[str, Decimal]) -> Decimal | None:
    """The mean of value over class III limit (oxygen the other way round); None with too few items."""
    parts = []
    for code in RANKED_ITEMS:
        value, limit = values.get(code), BY_CODE[code].limits[CLASS_III - 1]
        if value is not None and value > 0:
            parts.append(limit / value if code == "do" else value / limit)
    return sum(parts, Decimal(0)) / len(parts) if len(parts) >= RANKED_ITEMS_MIN else None


def ranking(
    rows: Sequence[Mapping[str, Any]], *, expected: Mapping[str, int], bodies: Mapping[str, Body]
) -> tuple[list[Rank], list[str]]:
    """Rivers by index, cleanest first, and those left out because a section's month or too many items are missing."""
    by_river: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_river.setdefault(row["river"], []).append(row)
    ranked: list[tuple[Decimal, str, str | None]] = []
    left_out = []
    for river, sections in sorted(expected.items()):
        found = by_river.get(river, [])
        indices = [index_of(mean_values([measured(row)])) for row in found]
        known = [index for index in indices if index is not None]
        if len(known) < sections:
            left_out.append(river)
            continue
        status = rating_of(found, bodies).status
        ranked.append((sum(known, Decimal(0)) / len(known), river, status.value.zh if status else None))
    ranked.sort()
    places = [
        Rank(place=place, river=river, index=round(index, 3), status=status)
        for place, (index, river, status) in enumerate(ranked, start=1)
    ]
    return places, left_out


async def classes_of_all(*, since: str, until: str) -> dict[str, str]:
    """Every section's classes between two months in one query: 1,845 sections x 120 months for maps and animations.

    One character per month of the span, in order: 1 to 6 is the class, 0 was not assessed, - is missing.
    """
    first, last = int(since[:4]), int(until[:4])
    rows = await database.fetch(
        "select section, array_agg(year) as years, array_agg(classes) as classes from river_water_year"
        " where year between $1 and $2 group by section",
        first,
        last,
    )
    start, months = int(since[5:]) - 1, len(months_between(since, until))
    found = {}
    for row in rows:
        classes = dict(zip(row["years"], row["classes"], strict=True))
        whole = "".join([classes.get(year, NO_MONTH) for year in range(first, last + 1)])
        found[row["section"]] = whole[start : start + months]
    return found


def months_between(since: str, until: str) -> list[str]:
    """All months from `since` to `until`, both included."""
    first, last = (int(m[:4]) * MONTHS_PER_YEAR + int(m[5:]) - 1 for m in (since, until))
    return [f"{n // MONTHS_PER_YEAR}-{n % MONTHS_PER_YEAR + 1:02d}" for n in range(first, last + 1)]
