"""The public form of a report: what everybody may read, when, and how exactly its place is shown.

Only `public_report` is ever read by public routes. The text is redacted, and checked where a check is configured (see
`text_screening`), before it is stored there; the place is exact only for categories that cannot point at a neighbour,
otherwise the centre of its grid cell. Photos join a public report when media has screened them. Hiding keeps the row
and sets `hidden_at`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import audit, database, outbox, trace
from domain.kernel.errors import NotFound
from domain.kernel.geo import cell_centre
from domain.kernel.redaction import redact
from domain.reports.categories import CATEGORIES
from domain.reports.events import ReportPublished
from domain.reports.timeline import ENDED

EXACT_ACCURACY_M_MAX = 200  # a place known less well is not shown as a point
READ = """
select r.id, r.number, r.category, r.text, r.channel, r.lng, r.lat, r.accuracy_m, r.cell, r.town, r.received_at,
  g.at, g.origin from unnest($1::uuid[], $2::timestamptz[], $3::text[]) with ordinality as g(report, at, origin, place)
join report r on r.id = g.report
where not exists (select 1 from report_timeline t where t.report = r.id and t.kind = 'withdrawn') order by g.place
"""
# What happened before the publication (a check of the text takes its time) counts: the stage is that of the timeline.
PUBLISH = """
insert into public_report (report, number, category, text, lng, lat, exact, cell, town, channel, received_at,
  published_at, category_name, photos, supporters, stage, closed, closed_at, updated_at)
select g.*, 0, 0, coalesce(step.kind, 'submitted'), coalesce(step.status = any($14::text[]), false),
  case when step.status = any($14::text[]) then step.at end, greatest(g.published_at, step.at)
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::float8[], $7::bool[], $8::bigint[],
  $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::text[])
  as g(report, number, category, text, lng, lat, exact, cell, town, channel, received_at, published_at, category_name)
left join lateral (
  select kind, status, at from report_timeline t where t.report = g.report and t.status is not null
    and t.kind not in ('question', 'answer') order by t.id desc limit 1) step on true
on conflict do nothing returning report
"""


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A report whose text may be shown from `at` on; `origin` is the request that led to it."""

    report_id: UUID
    at: datetime
    origin: str | None = None


async def publish(report_id: UUID, *, now: datetime) -> bool:
    """Stores the public form in the caller's transaction; False when it exists already or was withdrawn."""
    return bool(await publish_all([Ready(report_id=report_id, at=now, origin=trace.origin())]))


async def publish_all(ready: Sequence[Ready]) -> list[UUID]:
    """The same for many reports, in three statements; returns those that are public now and were not before."""
    found = await database.fetch(
        READ, [one.report_id for one in ready], [one.at for one in ready], [one.origin for one in ready]
    )
    if not found:
        return []
    columns = zip(*(_public_row(row) for row in found), strict=True)
    published = {row["report"] for row in await database.fetch(PUBLISH, *map(list, columns), list(ENDED))}
    new = [row for row in found if row["id"] in published]
    await outbox.record_each([(ReportPublished(report_id=row["id"]), row["at"], row["origin"]) for row in new])
    return [row["id"] for row in new]


def _public_row(row: Any) -> tuple[Any, ...]:
    category = CATEGORIES[row["category"]]
    known_well = row["accuracy_m"] is None or row["accuracy_m"] <= EXACT_ACCURACY_M_MAX
    exact = category.exact_place and known_well
    centre = cell_centre(row["cell"])
    return (
        row["id"],
        row["number"],
        row["category"],
        public_text(row["text"]),
        row["lng"] if exact else centre.lng,
        row["lat"] if exact else centre.lat,
        exact,
        row["cell"],
        row["town"],
        row["channel"],
        row["received_at"],
        row["at"],
        category.zh,
    )


def public_text(text: str) -> str:
    """A report's text without personal values: what is checked, and what is shown."""
    return redact(text, subject="person").text


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
