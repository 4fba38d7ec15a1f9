"""The officers' view of reports: what came in, whether it reached the case platform, what the audit trail says.

No route here knows the reporter: identity is opened only through the two-person reveal.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from api.actors import Actor
from api.pages import Cursor, Limit, Page, decode_cursor, page_of
from api.routes.audit import AuditRow, audit_row
from api.routes.dead_letters import JobView
from domain.kernel import audit, clock, database
from domain.kernel.errors import NotFound
from domain.reports import timeline

TAGS = ["Work list"]
OPERATOR = {"audience": "operator"}
Delivery = Annotated[
    str | None,
    QueryParameter(
        pattern="^(pending|done|dead|none)$",
        description="Only reports whose hand-over is pending, done, dead, or not queued (`none`).",
    ),
]


class WorkItem(msgspec.Struct, frozen=True, kw_only=True):
    """A report with its case and its hand-over."""

    id: UUID
    number: Annotated[str, msgspec.Meta(examples=["GW-20261121-000137"])]
    category: str
    town: str
    channel: str
    identity: Annotated[str, msgspec.Meta(description="confidential, named, anonymous or none; never who.")]
    photos: int
    received_at: datetime
    case: UUID | None
    stage: Annotated[str | None, msgspec.Meta(description="Where the case stands; absent before hand-over.")]
    unit: Annotated[str | None, msgspec.Meta(description="The unit that works on it.")]
    delivery: Annotated[str | None, msgspec.Meta(description="pending, done or dead; absent when not queued.")]
    delivery_attempts: int | None
    delivery_note: Annotated[str | None, msgspec.Meta(description="The last answer of the case platform.")]


class WorkDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an officer may see of one report."""

    report: WorkItem
    text: str
    address: str | None
    lng: Annotated[float, msgspec.Meta(description="WGS-84 degrees.")]
    lat: Annotated[float, msgspec.Meta(description="WGS-84 degrees.")]
    accuracy_m: float | None
    captured_at: datetime | None
    timeline: list[timeline.Entry]
    deliveries: list[JobView]
    audit: list[AuditRow]


ITEM = """
select r.id, r.number, r.category, r.town, r.channel, r.identity, r.photos, r.received_at,
       c.id as case, c.stage, c.unit, j.state as delivery, j.attempts as delivery_attempts,
       j.outcome as delivery_note
from report r
left join case_report cr on cr.report = r.id and cr.left_at is null
left join case_file c on c.id = cr.case
left join lateral (select state, attempts, outcome from send_job
                   where subject = 'case:' || c.id and kind = 'forward' order by seq desc limit 1) j on true
"""
LIST = f"""
{ITEM} where ($1::uuid is null or r.id < $1) and ($2::text is null or coalesce(j.state, 'none') = $2)
order by r.id desc limit $3
"""


@get("/v1/operator/reports", opt=OPERATOR, tags=TAGS, summary="Reports and their hand-over")
async def work_list(
    operator: NamedDependency[Actor], delivery: Delivery = None, cursor: Cursor = None, limit: Limit = 20
) -> Page[WorkItem]:
    """Newest first, with the state of the hand-over to the case platform."""
    place = decode_cursor(cursor, tuple[UUID])
    rows = await database.fetch(LIST, place[0] if place else None, delivery, limit + 1)
    return page_of(rows, limit=limit, key=("id",), items=[_item(row) for row in rows])


def _item(row: Any) -> WorkItem:
    return WorkItem(**{name: row[name] for name in WorkItem.__struct_fields__})


PLACE = "select text, address, lng, lat, accuracy_m, captured_at from report where id = $1"
DELIVERIES = """
select id, kind, subject, state, attempts, due_at, created_at, finished_at, outcome from send_job
where subject = any($1::text[]) order by seq desc limit 50
"""
AUDIT = """
select id, at, actor, action, subject, detail, seal from audit_entry where subject = any($1::text[])
order by id desc limit 50
"""


@get("/v1/operator/reports/{report_id:uuid}", opt=OPERATOR, tags=TAGS, summary="One report in full")
async def work_detail(report_id: FromPath[UUID], operator: NamedDependency[Actor]) -> WorkDetail:
    """Text, place, timeline, deliveries and audit rows. Opening it is recorded with the officer's id."""
    row = await database.fetch_row(f"{ITEM} where r.id = $1", report_id)
    if row is None:
        raise NotFound
    place = await database.fetch_row(PLACE, report_id)
    about = [f"report:{report_id}"] + ([f"case:{row['case']}"] if row["case"] else [])
    deliveries = await database.fetch(DELIVERIES, about)
    trail = await database.fetch(AUDIT, about)
    async with database.transaction():
        await audit.append(actor=operator.principal, action="report.opened", subject=about[0], at=clock.utc_now())
    return WorkDetail(
        report=_item(row),
        **dict(place or {}),
        timeline=await timeline.of_report(report_id),
        deliveries=[JobView(**dict(job)) for job in deliveries],
        audit=[audit_row(entry) for entry in trail],
    )


ROUTES = [work_list, work_detail]
