"""The public form of a report: what everybody may read, when, and how exactly its place is shown.

Only `public_report` is ever read by public routes. The text is redacted before it is stored there; the place is exact
only for categories that cannot point at a neighbour, otherwise the centre of its grid cell. Photos join a public report
when media has screened them. Hiding keeps the row and sets `hidden_at`.
"""

from datetime import datetime
from uuid import UUID

from domain.kernel import audit, database, outbox
from domain.kernel.errors import NotFound
from domain.kernel.geo import cell_centre
from domain.kernel.redaction import redact
from domain.reports.categories import CATEGORIES
from domain.reports.events import ReportPublished

EXACT_ACCURACY_M_MAX = 200  # a place known less well is not shown as a point
READ = """
select r.id, r.number, r.category, r.text, r.channel, r.lng, r.lat, r.accuracy_m, r.cell, r.town, r.received_at
from report r where r.id = $1 and not exists (select 1 from report_timeline where report = $1 and kind = 'withdrawn')
"""
PUBLISH = """
insert into public_report (report, number, category, text, lng, lat, exact, cell, town, channel, photos, stage, closed,
  supporters, received_at, published_at, updated_at, category_name)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 'submitted', false, 0, $11, $12, $12, $13)
on conflict do nothing returning report
"""


async def publish(report_id: UUID, *, now: datetime) -> bool:
    """Stores the public form in the caller's transaction; False when it exists already or was withdrawn."""
    row = await database.fetch_row(READ, report_id)
    if row is None:
        return False
    known_well = row["accuracy_m"] is None or row["accuracy_m"] <= EXACT_ACCURACY_M_MAX
    exact = CATEGORIES[row["category"]].exact_place and known_well
    centre = cell_centre(row["cell"])
    published = await database.fetch_value(
        PUBLISH,
        report_id,
        row["number"],
        row["category"],
        redact(row["text"], subject="person").text,
        row["lng"] if exact else centre.lng,
        row["lat"] if exact else centre.lat,
        exact,
        row["cell"],
        row["town"],
        row["channel"],
        row["received_at"],
        now,
        CATEGORIES[row["category"]].zh,
    )
    if published is None:
        return False
    await outbox.record(ReportPublished(report_id=report_id), at=now)
    return True


async def expect(report_ids: list[UUID], *, by: datetime | None) -> None:
    """Until when the case should be closed, in the transaction that sets or moves that clock."""
    await database.execute("update public_report set expected_at = $2 where report = any($1)", report_ids, by)


async def show_photos(report_id: UUID, *, count: int, at: datetime) -> None:
    """How many screened photos the public report has now."""
    await database.execute(
        "update public_report set photos = $2, updated_at = greatest(updated_at, $3)"
        " where report = $1 and photos <> $2",
        report_id,
        count,
        at,
    )


async def hide(report_id: UUID, *, now: datetime) -> None:
    """Takes the public form away at once; the report itself stays."""
    await database.execute(
        "update public_report set hidden_at = $2 where report = $1 and hidden_at is null", report_id, now
    )


async def set_hidden(report_id: UUID, *, hidden: bool, by: str, reason: str, now: datetime) -> None:
    """An operator hides the public form or shows it again, in the caller's transaction; raises `NotFound`."""
    found = await database.fetch_value(
        "update public_report set hidden_at = case when $2 then coalesce(hidden_at, $3) end,"
        " updated_at = greatest(updated_at, $3) where report = $1 returning report",
        report_id,
        hidden,
        now,
    )
    if found is None:
        raise NotFound
    action = "report.hide" if hidden else "report.show"
    await audit.append(actor=by, action=action, subject=f"report:{report_id}", at=now, detail={"reason": reason})
