"""What happened to a report, as its reporter sees it. Rooms above (cases, rewards) append here in their transactions.

`status` is set where an entry changes what the report is called: submitted, forwarded, accepted, handling, answered,
closed, reopened, withdrawn. The status of a report is that of its latest entry that has one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.errors import Text

Status = Literal[
    "submitted", "forwarded", "accepted", "handling", "waiting_for_you", "closed", "reopened", "withdrawn", "refused"
]


ENDED = ("closed", "withdrawn", "refused")
APPEND = """
with said as (
  insert into report_timeline (report, at, kind, status, note_zh, note_en, detail)
  select unnest($1::uuid[]), $2, $3, $4, $5, $6, $7::jsonb)
update public_report set stage = case when $3 in ('question', 'answer') then stage else $3 end,
  closed = $4 = any($8::text[]),
  closed_at = case when $4 = any($8::text[]) then coalesce(closed_at, $2) end,
  updated_at = greatest(updated_at, $2)
where report = any($1) and $4::text is not null
"""


# The same for many different entries; a report's public form follows its last entry that has a status.
APPEND_ALL = """
with given as (
  select * from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
  with ordinality as l(report, at, kind, status, zh, en, detail, place)),
said as (
  insert into report_timeline (report, at, kind, status, note_zh, note_en, detail)
  select report, at, kind, status, zh, en, detail from given order by place),
last as (select distinct on (report) report, at, kind, status from given where status is not null
  order by report, place desc)
update public_report p set stage = case when l.kind in ('question', 'answer') then p.stage else l.kind end,
  closed = l.status = any($8::text[]),
  closed_at = case when l.status = any($8::text[]) then coalesce(p.closed_at, l.at) end,
  updated_at = greatest(p.updated_at, l.at)
from last l where p.report = l.report
"""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One entry to append."""

    report: UUID
    kind: str
    note: Text
    at: datetime
    status: Status | None = None
    detail: dict[str, Any] = {}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the timeline."""

    at: datetime
    kind: str
    status: str | None
    text: str
    text_en: str
    detail: dict[str, Any]


async def append(
    report_ids: Sequence[UUID],
    *,
    kind: str,
    note: Text,
    at: datetime,
    status: Status | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """One entry for each report, in the caller's transaction; a `status` also moves the public form.

    `note` and `detail` are for the reporter and hold no personal value.
    """
    await database.execute(
        APPEND,
        list(report_ids),
        at,
        kind,
        status,
        note.zh,
        note.en,
        msgspec.json.encode(detail or {}).decode(),
        list(ENDED),
    )


async def append_all(lines: Sequence[Line]) -> None:
    """Many different entries in one statement, in this order; the same rules as `append`."""
    rows = [
        (n.report, n.at, n.kind, n.status, n.note.zh, n.note.en, msgspec.json.encode(n.detail).decode()) for n in lines
    ]
    if rows:
        await database.execute(APPEND_ALL, *(list(column) for column in zip(*rows, strict=True)), list(ENDED))


async def of_report(report_id: UUID) -> list[Entry]:
    """All entries, oldest first by the time they speak of."""
    rows = await database.fetch(
        "select at, kind, status, note_zh, note_en, detail from report_timeline where report = $1 order by at, id",
        report_id,
    )
    return [
        Entry(
            at=row["at"],
            kind=row["kind"],
            status=row["status"],
            text=row["note_zh"],
            text_en=row["note_en"],
            detail=msgspec.json.decode(row["detail"]),
        )
        for row in rows
    ]
