"""Officers and sealed reporters: asking to look, looking once with a second officer's approval; similar reports."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from domain.kernel import clock, database
from domain.reports import publication, reveals, similar
from domain.reports.reveals import Purpose, Revealed
from domain.reports.similar import Candidate
from media import matching

TAGS = ["reporters"]
OPERATOR = {"audience": "operator"}


class RevealRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the reporter's identity is needed."""

    purpose: Purpose
    reason: Annotated[str, msgspec.Meta(min_length=4, max_length=300, description="The reporter will read this")]


class RevealAsked(msgspec.Struct, frozen=True):
    """The request; another officer decides it under /v1/operator/approvals."""

    approval_id: UUID


class Visibility(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a report's public form may be seen."""

    hidden: bool
    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=300)]


@post("/v1/operator/reports/{report_id:uuid}/reveals", opt=OPERATOR, tags=TAGS, summary="Ask to see a reporter")
async def ask(
    report_id: FromPath[UUID], data: JSONBody[RevealRequest], operator: NamedDependency[Actor]
) -> RevealAsked:
    """A second officer must approve within 72 hours; nothing is shown before."""
    async with database.transaction():
        approval = await reveals.ask(
            report_id, purpose=data.purpose, reason=data.reason, operator=operator.id, now=clock.utc_now()
        )
    return RevealAsked(approval)


@post(
    "/v1/operator/reports/{report_id:uuid}/reveals/{approval_id:uuid}/look",
    opt=OPERATOR,
    tags=TAGS,
    summary="See a reporter once",
    status_code=200,
)
async def look(report_id: FromPath[UUID], approval_id: FromPath[UUID], operator: NamedDependency[Actor]) -> Revealed:
    """Spends the approval. The reporter is told that somebody looked, when and why."""
    async with database.transaction():
        return await reveals.look(report_id, approval_id=approval_id, operator=operator.id, now=clock.utc_now())


@get("/v1/operator/reports/{report_id:uuid}/similar", opt=OPERATOR, tags=TAGS, summary="Reports of the same thing")
async def similar_reports(report_id: FromPath[UUID]) -> list[Candidate]:
    """Candidates for joining by place, time, words, category and photographs, best first. An officer joins."""
    return await similar.after_sending(report_id, look_alikes=await matching.reports_like(report_id))


@post(
    "/v1/operator/reports/{report_id:uuid}/visibility",
    opt=OPERATOR,
    tags=TAGS,
    summary="Hide or show a public report",
    status_code=204,
)
async def set_visibility(
    report_id: FromPath[UUID], data: JSONBody[Visibility], operator: NamedDependency[Actor]
) -> None:
    """Takes the public form away at once, or shows it again; the report itself stays."""
    async with database.transaction():
        await publication.set_hidden(
            report_id, hidden=data.hidden, by=operator.principal, reason=data.reason, now=clock.utc_now()
        )


ROUTES = [ask, look, similar_reports, set_visibility]
