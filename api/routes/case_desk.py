"""What waits for an officer around cases: warnings, extensions, reviews, refused updates."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.actors import Actor, require_role
from api.pages import Limit
from domain.cases import desk, extensions, reviews, supervision, warnings
from domain.cases.clocks import Node
from domain.cases.desk import RefusedRow, WarningRow
from domain.cases.reviews import Review
from domain.cases.supervision import Supervised
from domain.kernel import clock, database
from domain.kernel.errors import NotFound

TAGS = ["Cases"]
OPERATOR = {"audience": "operator"}
CLERKS = ("clerk", "reviewer")
OfCase = Annotated[UUID | None, QueryParameter(description="Only of this case.")]
Unacknowledged = Annotated[bool, QueryParameter(description="Only what nobody has acknowledged.")]
OpenOnly = Annotated[bool, QueryParameter(description="Only those not closed yet.")]
Before = Annotated[datetime | None, QueryParameter(description="Only what was last sent before this moment.")]


class ExtensionAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """More time for one node of the latest round."""

    node: Node
    amount: Annotated[int, msgspec.Meta(ge=1, le=30, description="In the unit of the node's limit.")]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500, description="The reporter reads it.")]


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes or no."""

    approve: bool


class Opinion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The written decision of a review."""

    decision: Annotated[str, msgspec.Meta(min_length=1, max_length=2000, description="The reporter reads it.")]


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the oversight role found."""

    finding: Annotated[str, msgspec.Meta(min_length=4, max_length=2000)]


class Filed(msgspec.Struct, frozen=True):
    """The id of what was filed."""

    id: UUID


@get("/v1/operator/warnings", opt=OPERATOR, tags=TAGS, summary="Warnings")
async def warned(
    operator: NamedDependency[Actor],
    case_id: OfCase = None,
    unacknowledged: Unacknowledged = True,
    limit: Limit = 50,
) -> list[WarningRow]:
    """Amber and red lights by named receiver, with the proof of sending and the acknowledgement."""
    return await desk.warnings(case_id=case_id, unacknowledged=unacknowledged, limit=limit)


@post(
    "/v1/operator/warnings/{receipt_id:uuid}/acknowledgement",
    opt=OPERATOR,
    tags=TAGS,
    summary="Acknowledge a warning",
    status_code=204,
)
async def acknowledge(receipt_id: FromPath[UUID], operator: NamedDependency[Actor]) -> None:
    """By the named officer, or by one who holds the receiver's role; the first acknowledgement stays."""
    async with database.transaction():
        await warnings.acknowledge(
            receipt_id, operator=operator.id, roles=operator.roles, by=operator.principal, now=clock.utc_now()
        )


@get("/v1/operator/me/warnings", opt=OPERATOR, tags=TAGS, summary="Warnings for me")
async def my_warnings(
    operator: NamedDependency[Actor], unacknowledged: Unacknowledged = True, limit: Limit = 50
) -> list[WarningRow]:
    """Amber and red lights for me by name or by role, the latest first; when they were first seen here is kept."""
    async with database.transaction():
        rows = await warnings.list_for(
            operator.id,
            roles=operator.roles,
            by=operator.principal,
            unacknowledged=unacknowledged,
            limit=limit,
            now=clock.utc_now(),
        )
    return [WarningRow(**dict(row)) for row in rows]


@get("/v1/operator/supervisions", opt=OPERATOR, tags=TAGS, summary="Cases under supervision")
async def supervisions(
    operator: NamedDependency[Actor], open_only: OpenOnly = True, limit: Limit = 50
) -> list[Supervised]:
    """Every case that turned red, the latest first."""
    return await supervision.listed(only_open=open_only, limit=limit)


@post(
    "/v1/operator/supervisions/{supervision_id:uuid}/finding",
    opt=OPERATOR,
    tags=TAGS,
    summary="Close a supervision",
    status_code=204,
)
async def close_supervision(
    supervision_id: FromPath[UUID], data: JSONBody[Finding], operator: NamedDependency[Actor]
) -> None:
    """The oversight role writes down what it found."""
    require_role(operator, "auditor")
    async with database.transaction():
        await supervision.close(supervision_id, finding=data.finding, by=operator.principal, now=clock.utc_now())


@get("/v1/operator/extensions", opt=OPERATOR, tags=TAGS, summary="Extensions that wait for a decision")
async def extension_requests(operator: NamedDependency[Actor], limit: Limit = 50) -> list[extensions.Asked]:
    """Oldest first."""
    return await extensions.waiting(limit=limit)


@post("/v1/operator/cases/{case_id:uuid}/extensions", opt=OPERATOR, tags=TAGS, summary="Ask for more time")
async def ask_extension(
    case_id: FromPath[UUID], data: JSONBody[ExtensionAsked], operator: NamedDependency[Actor]
) -> Filed:
    """Takes effect when another officer approves it; the reporter is told why."""
    require_role(operator, *CLERKS)
    async with database.transaction():
        round_ = await database.fetch_value("select round from case_file where id = $1", case_id)
        if round_ is None:
            raise NotFound
        filed = await extensions.ask(
            case_id,
            round_=round_,
            node=data.node,
            amount=data.amount,
            reason=data.reason,
            by=operator.principal,
            now=clock.utc_now(),
        )
    return Filed(filed)


@post(
    "/v1/operator/extensions/{extension_id:uuid}/decision",
    opt=OPERATOR,
    tags=TAGS,
    summary="Decide on an extension",
    status_code=200,
)
async def decide_extension(
    extension_id: FromPath[UUID], data: JSONBody[Decision], operator: NamedDependency[Actor]
) -> extensions.Asked:
    """Never on one's own request; the final limit grows by 30 days at most."""
    require_role(operator, "reviewer")
    async with database.transaction():
        return await extensions.decide(extension_id, approve=data.approve, by=operator.principal, now=clock.utc_now())


@get("/v1/operator/reviews", opt=OPERATOR, tags=TAGS, summary="Requests for review")
async def review_requests(operator: NamedDependency[Actor], limit: Limit = 50) -> list[Review]:
    """Reporters who disagree after the last round, oldest first."""
    return await reviews.waiting(limit=limit)


@post(
    "/v1/operator/reviews/{review_id:uuid}/decision",
    opt=OPERATOR,
    tags=TAGS,
    summary="Decide a review",
    status_code=204,
)
async def decide_review(review_id: FromPath[UUID], data: JSONBody[Opinion], operator: NamedDependency[Actor]) -> None:
    """The written decision goes to the reporter's timeline; decided once."""
    require_role(operator, "reviewer")
    async with database.transaction():
        await reviews.decide(review_id, decision=data.decision, by=operator.principal, now=clock.utc_now())


@get("/v1/operator/refused-updates", opt=OPERATOR, tags=TAGS, summary="Updates that did not fit")
async def refused_updates(
    operator: NamedDependency[Actor], before: Before = None, limit: Limit = 50
) -> list[RefusedRow]:
    """What the platform sent and we refused, with the answer it got; the latest first."""
    return await desk.refused(before=before, limit=limit)


ROUTES = [
    warned,
    acknowledge,
    my_warnings,
    supervisions,
    close_supervision,
    extension_requests,
    ask_extension,
    decide_extension,
    review_requests,
    decide_review,
    refused_updates,
]
