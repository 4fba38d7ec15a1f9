"""What a river's page shows: class and target of the latest month, two years, chiefs, policies, sections.

Rivers are also found by place: the distance counts to their line, not to a vertex.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal

import msgspec

from domain.disclosure import reading, river_series
from domain.disclosure.datasets.river_chiefs import RIVER_CHIEFS
from domain.disclosure.datasets.river_policies import RIVER_POLICIES
from domain.disclosure.datasets.rivers import LEVELS, RIVERS
from domain.disclosure.datasets.sections import SECTIONS
from domain.disclosure.river_series import MonthPoint, PeriodPoint, Rank
from domain.disclosure.water_limits import CLASS_NAMES, Body
from domain.kernel.errors import NotFound
from domain.kernel.geo import Point, Ring, distance_to_line_m

SERIES_MONTHS = 24
NEAREST_MAX = 10


class Chief(msgspec.Struct, frozen=True, kw_only=True):
    """A chief as shown; one writes to a chief through the app, the number is never shown."""

    key: str
    level: str
    level_name: str
    name: str
    post: str
    since: str
    until: str | None = None
    duties: str | None = None


class RiverPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one river that changes with publications."""

    code: str
    name: str
    level: str
    town: str | None
    course: dict[str, Any] | None
    target: str | None
    latest: MonthPoint | None
    meets_target: bool | None
    series: list[MonthPoint]
    sections: list[dict[str, Any]]
    chiefs: list[Chief]
    former_chiefs: list[Chief]
    policies: list[dict[str, Any]]


class Nearby(msgspec.Struct, frozen=True, kw_only=True):
    """A river near a place."""

    code: str
    name: str
    distance_m: int


async def river(code: str, *, today: date) -> dict[str, Any]:
    """The river's public row; raises `NotFound`."""
    rows = await reading.current(RIVERS, today=today, code=code)
    if not rows:
        raise NotFound
    return rows[0]


async def page(code: str, *, today: date) -> RiverPage:
    """The page of one river; raises `NotFound`."""
    row = await river(code, today=today)
    sections = await reading.current(SECTIONS, today=today, river=code)
    points = await points_of(code, months=SERIES_MONTHS, today=today, sections=sections)
    chiefs = [chief_of(entry) for entry in await reading.current(RIVER_CHIEFS, today=today, river=code)]
    latest = next((point for point in reversed(points) if point.sections), None)
    target = row.get("target_class")
    return RiverPage(
        code=code,
        name=row["name"],
        level=LEVELS[row["level"]].zh,
        town=row.get("town"),
        course=row.get("course"),
        target=CLASS_NAMES[int(target)] if target else None,
        latest=latest,
        meets_target=_meets(latest, target),
        series=points,
        sections=sections,
        chiefs=[chief for chief in chiefs if in_office(chief, today)],
        former_chiefs=[chief for chief in chiefs if not in_office(chief, today)],
        policies=await reading.current(RIVER_POLICIES, today=today, river=code),
    )


def _meets(latest: MonthPoint | None, target: str | None) -> bool | None:
    if latest is None or latest.water_class is None or not target:
        return None
    return latest.water_class <= int(target)


async def points_of(
    code: str, *, months: int, today: date, sections: Sequence[Mapping[str, Any]] | None = None
) -> list[MonthPoint]:
    """The river's last `months` months, oldest first."""
    if sections is None:
        sections = await reading.current(SECTIONS, today=today, river=code)
    wanted = river_series.months_back(today, months)
    compared = river_series.months_back(today, months + river_series.MONTHS_PER_YEAR)
    rows = await river_series.values_of(code, since=compared[0], until=wanted[-1], today=today)
    kept = {section["code"] for section in sections if section["kind"] == "section"}
    return river_series.series(wanted, [row for row in rows if row["section"] in kept], bodies=bodies_of(sections))


async def periods_of(code: str, *, by: Literal["quarter", "year"], years: int, today: date) -> list[PeriodPoint]:
    """The river's quarters or years, oldest first; the current one as far as it goes."""
    sections = await reading.current(SECTIONS, today=today, river=code)
    first, last = f"{today.year - years}-01", river_series.months_back(today, 1)[0]
    rows = await river_series.values_of(code, since=first, until=last, today=today)
    kept = {section["code"] for section in sections if section["kind"] == "section"}
    return river_series.periods([row for row in rows if row["section"] in kept], bodies=bodies_of(sections), by=by)


def bodies_of(sections: Sequence[Mapping[str, Any]]) -> dict[str, Body]:
    """River or lake per section code."""
    return {section["code"]: "lake" if section["body"] == "lake" else "river" for section in sections}


def chief_of(row: Mapping[str, Any]) -> Chief:
    """The public form of a chief's row."""
    return Chief(
        key=row["key"],
        level=row["level"],
        level_name=LEVELS[row["level"]].zh,
        name=row["name"],
        post=row["post"],
        since=row["since"],
        until=row.get("until"),
        duties=row.get("duties"),
    )


def in_office(chief: Chief, today: date) -> bool:
    """Whether the term covers the day."""
    return chief.since <= today.isoformat() and (chief.until is None or chief.until >= today.isoformat())


def lines_of(course: Mapping[str, Any]) -> Iterator[Ring]:
    """The polylines of a GeoJSON course."""
    if course["type"] == "Point":
        yield [course["coordinates"]]
    elif course["type"] == "LineString":
        yield course["coordinates"]
    else:
        yield from course["coordinates"]


async def nearest(place: Point, *, limit: int, today: date) -> list[Nearby]:
    """The rivers nearest to a place, by distance to the line and not to a vertex."""
    found = []
    for row in await reading.current(RIVERS, today=today):
        if course := row.get("course"):
            away = min(distance_to_line_m(place, line) for line in lines_of(course))
            found.append(Nearby(code=row["code"], name=row["name"], distance_m=round(away)))
    return sorted(found, key=lambda near: near.distance_m)[: min(limit, NEAREST_MAX)]


async def month_ranking(month: str, *, today: date) -> tuple[list[Rank], list[str]]:
    """The ranking of a month, and the rivers left out for missing data."""
    sections = [row for row in await reading.current(SECTIONS, today=today) if row["kind"] == "section"]
    expected: dict[str, int] = {}
    for section in sections:
        expected[section["river"]] = expected.get(section["river"], 0) + 1
    rows = await river_series.values_of(None, since=month, until=month, today=today)
    kept = {section["code"] for section in sections}
    return river_series.ranking(
        [row for row in rows if row["section"] in kept], expected=expected, bodies=bodies_of(sections)
    )
