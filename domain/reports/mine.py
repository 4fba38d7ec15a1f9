"""A resident's own reports, found through the keyed hash of the account."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.errors import NotFound
from domain.reports.categories import CATEGORIES
from domain.reports.reporters import owner_tag
from domain.reports.timeline import Entry


class ReportLine(msgspec.Struct, frozen=True, kw_only=True):
    """One of my reports in a list."""

    id: UUID
    number: str
    category: str
    category_name: str
    text: str
    status: str
    photos: int
    received_at: datetime
    updated_at: datetime


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """My report with everything that happened to it."""

    id: UUID
    number: str
    category: str
    category_name: str
    text: str
    status: str
    identity: str
    channel: str
    datum: str  # of `lng` and `lat` as I sent them
    lng: float
    lat: float
    accuracy_m: float | None
    town: str
    address: str | None
    river: UUID | None
    enterprise: UUID | None
    photos: int
    no_photo_reason: str | None
    captured_at: datetime | None
    received_at: datetime
    timeline: list[Entry]


LIST = """
select r.id, r.number, r.category, r.text, r.photos, r.received_at, t.status, l.at as updated_at
from sealed_reporter s join report r on r.id = s.report
cross join lateral (
  select status from report_timeline where report = r.id and status is not null order by id desc limit 1) t
cross join lateral (select max(at) as at from report_timeline where report = r.id) l
where s.owner_tag = $1 and ($2::uuid is null or s.report < $2)
order by s.report desc limit $3
"""
ONE = """
select r.id, r.number, r.category, r.text, r.identity, r.channel, r.datum, r.sent_lng as lng, r.sent_lat as lat,
  r.accuracy_m, r.town, r.address, r.river, r.enterprise, r.photos, r.no_photo_reason, r.captured_at, r.received_at,
  t.status, t.timeline
from report r cross join lateral (
  select (array_agg(status order by id desc) filter (where status is not null))[1] as status,
    json_agg(json_build_object('at', at, 'kind', kind, 'status', status, 'text', note_zh, 'text_en', note_en,
      'detail', detail) order by at, id) as timeline
  from report_timeline where report = r.id) t
where r.id = $1
"""
OWNED = ONE + " and exists (select 1 from sealed_reporter where report = $1 and owner_tag = $2)"
_entries = msgspec.json.Decoder(list[Entry])


async def lines(account_id: UUID, *, limit: int, before: UUID | None) -> list[Any]:
    """Rows for `line`, newest first, at most `limit`."""
    return await database.fetch(LIST, owner_tag(account_id), before, limit)


def line(row: Any) -> ReportLine:
    """One row of `lines` for the wire."""
    return ReportLine(category_name=CATEGORIES[row["category"]].zh, **dict(row))


async def one(account_id: UUID, *, report_id: UUID) -> ReportView:
    """My report; raises `NotFound` for a foreign or unknown one alike."""
    return view(await database.fetch_row(OWNED, report_id, owner_tag(account_id)))


async def of_receipt(report_id: UUID) -> ReportView:
    """The anonymous report whose receipt was opened."""
    return view(await database.fetch_row(ONE, report_id))


def view(row: Any) -> ReportView:
    """One row of `ONE` for the wire; raises `NotFound` when there is none."""
    if row is None:
        raise NotFound
    values = dict(row)
    entries = _entries.decode(values.pop("timeline"))
    return ReportView(category_name=CATEGORIES[values["category"]].zh, timeline=entries, **values)
