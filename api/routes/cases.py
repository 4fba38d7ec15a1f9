"""The officers' queue of cases, one case with everything internal, questions to the reporter, joining."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.actors import Actor, require_role
from api.pages import Cursor, Limit, Page, decode_cursor, page_of
from domain.cases import dead_letters, desk, people, questions, views
from domain.cases.dead_letters import Letter
from domain.cases.desk import QueueItem, UpdateRow, WarningRow
from domain.cases.forwarding import queue_message
from domain.cases.views import CaseView
from domain.kernel import audit, clock, database
from domain.kernel.errors import NotFound

TAGS = ["Cases"]
OPERATOR = {"audience": "operator"}
WARNINGS_SHOWN = 100
Light = Annotated[str | None, QueryParameter(pattern="^(green|amber|red)$", description="Only this light.")]
InUnit = Annotated[str | None, QueryParameter(max_length=60, description="Only this unit.")]


class CaseDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A case with its updates, messages to the platform and warnings."""

    case: CaseView
    updates: list[UpdateRow]
    deliveries: list[Letter]
    warnings: list[WarningRow]


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the reporter is asked; the handling clocks rest until the answer."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Asked(msgspec.Struct, frozen=True):
    """The question's id."""

    question_id: UUID


class Joined(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The report that this case answers as well."""

    report_id: UUID


class Members(msgspec.Struct, frozen=True, kw_only=True):
    """The case and how many reports it answers now."""

    case_id: UUID
    reports: int


@get("/v1/operator/cases", opt=OPERATOR, tags=TAGS, summary="Cases by due time")
async def queue(
    operator: NamedDependency[Actor],
    unit: InUnit = None,
    light: Light = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[QueueItem]:
    """Open cases, the soonest due first; due times and lights are at most a minute old."""
    rows = await desk.queue(unit=unit, light=light, after=decode_cursor(cursor, tuple[datetime, UUID]), limit=limit + 1)
    return page_of(rows, limit=limit, key=("due_at", "id"), items=[QueueItem(**dict(row)) for row in rows])


@get("/v1/operator/cases/{case_id:uuid}", opt=OPERATOR, tags=TAGS, summary="One case")
async def one(case_id: FromPath[UUID], operator: NamedDependency[Actor]) -> CaseDetail:
    """Clocks, updates with internal texts, the delivery state of every message, warnings. Never the reporter."""
    now = clock.utc_now()
    case = await views.of_case(case_id, now=now)
    async with database.transaction():
        await audit.append(actor=operator.principal, action="case.read", subject=f"case:{case_id}", at=now)
    return CaseDetail(
        case=case,
        updates=await desk.updates(case_id),
        deliveries=await dead_letters.of_case(case_id),
        warnings=await desk.warnings(case_id=case_id, unacknowledged=False, limit=WARNINGS_SHOWN),
    )


@post("/v1/operator/cases/{case_id:uuid}/questions", opt=OPERATOR, tags=TAGS, summary="Ask the reporter")
async def ask(case_id: FromPath[UUID], data: JSONBody[Question], operator: NamedDependency[Actor]) -> Asked:
    """One question at a time; refused with 409 while another is open."""
    require_role(operator, "clerk", "reviewer")
    async with database.transaction():
        round_ = await database.fetch_value("select round from case_file where id = $1 for update", case_id)
        if round_ is None:
            raise NotFound
        asked = await questions.ask(case_id, round_=round_, text=data.text, by=operator.principal, now=clock.utc_now())
    return Asked(asked)


@post("/v1/operator/cases/{case_id:uuid}/reports", opt=OPERATOR, tags=TAGS, summary="Join a report")
async def join(case_id: FromPath[UUID], data: JSONBody[Joined], operator: NamedDependency[Actor]) -> Members:
    """The report's reporter follows this case from now on; the platform is told of one more supporter. Reversible."""
    require_role(operator, "clerk", "reviewer")
    now = clock.utc_now()
    async with database.transaction():
        await people.join(data.report_id, case_id=case_id, by=operator.principal, now=now)
        return await _told(case_id, now=now)


@post(
    "/v1/operator/reports/{report_id:uuid}/unjoin", opt=OPERATOR, tags=TAGS, summary="Undo a joining", status_code=200
)
async def unjoin(report_id: FromPath[UUID], operator: NamedDependency[Actor]) -> Members:
    """The report goes back to the case it had before."""
    require_role(operator, "clerk", "reviewer")
    now = clock.utc_now()
    async with database.transaction():
        return await _told(await people.unjoin(report_id, by=operator.principal, now=now), now=now)


async def _told(case_id: UUID, *, now: datetime) -> Members:
    row = await database.fetch_row(
        'select f.round, r.accepted_at from case_file f join case_round r on r."case" = f.id and r.number = f.round'
        " where f.id = $1",
        case_id,
    )
    if row is None:
        raise NotFound
    message = "joined" if row["accepted_at"] else "opened"  # a case that was retired meanwhile is handed over now
    await queue_message(message, case_id=case_id, round_=row["round"], now=now)
    return Members(case_id=case_id, reports=len(await people.reports_of_case(case_id)))


ROUTES = [queue, one, ask, join, unjoin]
