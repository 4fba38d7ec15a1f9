"""All published requests as one CSV, as of last midnight in the district: the same file for everybody all day."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from api.open311.reading import STAGES, stamp
from api.open_data.formats import cell
from domain.kernel import database, settings
from domain.reports.categories import CATEGORIES, TOPS
from domain.reports.service_area import district

HEADINGS = (
    "service_request_id",
    "requested_datetime",
    "updated_datetime",
    "closed_date",
    "status_description",
    "status_notes",
    "service_name",
    "service_subtype",
    "description",
    "source",
    "agency_responsible",
    "address",
    "lat",
    "long",
)
PAGE = 1_000
TOP_NAMES = {top.code: top.zh for top in TOPS}
ROWS = """
select report, number, category, text, lng, lat, stage, closed, received_at, updated_at, closed_at, channel
from public_report where hidden_at is null and published_at < $1 and ($2::timestamptz is null or (received_at, report) >
  ($2, $3)) order by received_at, report limit $4
"""


def _line(values: tuple[Any, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([cell(value) for value in values])
    return text.getvalue().encode()


def _values(row: Any, *, agency: str) -> tuple[Any, ...]:
    leaf = CATEGORIES[row["category"]]
    return (
        row["number"],
        stamp(row["received_at"]),
        stamp(row["closed_at"] or row["updated_at"]),
        stamp(row["closed_at"]),
        "closed" if row["closed"] else "open",
        STAGES.get(row["stage"], row["stage"]),
        TOP_NAMES[leaf.top],
        leaf.zh,
        row["text"],
        row["channel"],
        agency,
        None,
        row["lat"],
        row["lng"],
    )


async def lines(*, until: datetime) -> AsyncIterator[bytes]:
    """The header and every request published before `until`, oldest first, page by page."""
    agency = district(settings.current().district).authority
    yield _line(HEADINGS)
    at, report = None, None
    while True:
        rows = await database.fetch(ROWS, until, at, report, PAGE)
        if rows:
            yield b"".join(_line(_values(row, agency=agency)) for row in rows)
            at, report = rows[-1]["received_at"], rows[-1]["report"]
        if len(rows) < PAGE:
            return
