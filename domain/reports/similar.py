"""Reports that may be about the same thing: same category, near in place and time, alike in words or photographs.

Which photographs look alike is known to another room; the routes bring it along.
"""

import itertools
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.errors import NotFound
from domain.kernel.geo import Point, cells_around, distance_m
from domain.reports.categories import CATEGORIES
from domain.reports.public_map import COLUMNS, PublicReport, public

NEAR_M = 200.0
SINCE = timedelta(days=7)
CELL_RINGS = 3  # 7 x 7 cells: at least 290 m in every direction
FOUND_MAX = 20
LOOK_ALIKE_M = 1_000.0  # people stand apart and turn their phones when they photograph the same thing
PHOTOS_WEIGHT = 0.6


class Similar(msgspec.Struct, frozen=True, kw_only=True):
    """A public report near a new one."""

    report: PublicReport
    distance_m: int


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A stored report that may belong to the same case, for officers."""

    report_id: UUID
    number: str
    category: str
    distance_m: int
    apart_minutes: int
    words_alike: float  # 0-1, shared pairs of characters
    photos_alike: bool  # one of its photographs looks like one of this report's
    score: float  # 0-1


def pairs(text: str) -> set[str]:
    """The overlapping pairs of characters of a text, letters and digits only."""
    plain = [symbol for symbol in text.lower() if symbol.isalnum()]
    return {a + b for a, b in itertools.pairwise(plain)}


def alike(a: str, b: str) -> float:
    """How many character pairs two texts share, 0 to 1 (Jaccard)."""
    one, two = pairs(a), pairs(b)
    return len(one & two) / len(one | two) if one and two else 0.0


def score(*, metres: float, apart: timedelta, words: float, same_category: bool, photos_alike: bool = False) -> float:
    """0 to 1: place counts most, then time, words and the exact sub-category.

    Photographs that look the same close more than half of what is missing to certainty.
    """
    place = max(0.0, 1 - metres / NEAR_M)
    time = max(0.0, 1 - apart / SINCE)
    told = 0.45 * place + 0.2 * time + 0.2 * words + 0.15 * same_category
    return round(1 - (1 - told) * (1 - PHOTOS_WEIGHT) if photos_alike else told, 3)


def _siblings(category: str) -> list[str]:
    top = CATEGORIES[category].top
    return [code for code, leaf in CATEGORIES.items() if leaf.top == top]


async def before_sending(
    place: Point, *, category: str, now: datetime, look_alikes: Collection[UUID] = ()
) -> list[Similar]:
    """Open public reports within `NEAR_M` and `SINCE`, the nearest first: "same here?".

    `look_alikes` are reports with a photograph like the one about to be sent: they come first, whatever their category
    and age, within `LOOK_ALIKE_M`.
    """
    rows = await database.fetch(
        f"select {COLUMNS} from public_report where not closed and hidden_at is null and"
        " (cell = any($1) and category = any($2) and received_at > $3 or report = any($4))",
        cells_around(place, rings=CELL_RINGS),
        _siblings(category),
        now - SINCE,
        list(look_alikes),
    )
    found = [(row["id"] in look_alikes, distance_m(place, Point(row["lng"], row["lat"])), row) for row in rows]
    near = [entry for entry in found if entry[1] <= (LOOK_ALIKE_M if entry[0] else NEAR_M)]
    near.sort(key=lambda entry: (not entry[0], entry[1]))
    return [Similar(report=public(row), distance_m=round(metres)) for _, metres, row in near[:FOUND_MAX]]


NEIGHBOURS = """
select id, number, category, text, lng, lat, received_at from report
where id <> $5 and (cell = any($1) and category = any($2) and received_at between $3 and $4 or id = any($6))
"""


async def after_sending(report_id: UUID, *, look_alikes: Collection[UUID] = ()) -> list[Candidate]:
    """Stored reports an officer may join with this one, best first; raises `NotFound`.

    `look_alikes` have a photograph that looks like one of this report's: candidates wherever and whenever they were
    sent, because the same picture is either the same matter or something an officer should see.
    """
    row = await database.fetch_row("select category, text, lng, lat, received_at from report where id = $1", report_id)
    if row is None:
        raise NotFound
    place, at = Point(row["lng"], row["lat"]), row["received_at"]
    rows = await database.fetch(
        NEIGHBOURS,
        cells_around(place, rings=CELL_RINGS),
        _siblings(row["category"]),
        at - SINCE,
        at + SINCE,
        report_id,
        list(look_alikes),
    )
    candidates = [_candidate(other, row, place=place, photos_alike=other["id"] in look_alikes) for other in rows]
    near = [candidate for candidate in candidates if candidate.distance_m <= NEAR_M or candidate.photos_alike]
    return sorted(near, key=lambda candidate: -candidate.score)[:FOUND_MAX]


def _candidate(other: Any, row: Any, *, place: Point, photos_alike: bool) -> Candidate:
    metres = distance_m(place, Point(other["lng"], other["lat"]))
    apart = abs(other["received_at"] - row["received_at"])
    words = alike(row["text"], other["text"])
    return Candidate(
        report_id=other["id"],
        number=other["number"],
        category=other["category"],
        distance_m=round(metres),
        apart_minutes=round(apart.total_seconds() / 60),
        words_alike=round(words, 3),
        photos_alike=photos_alike,
        score=score(
            metres=metres,
            apart=apart,
            words=words,
            same_category=other["category"] == row["category"],
            photos_alike=photos_alike,
        ),
    )
