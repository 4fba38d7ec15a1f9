"""Texts of reports that a person has to read before they become public."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from api.pages import Limit
from domain.kernel import clock, database
from domain.reports import text_screening
from domain.reports.text_screening import Waiting

TAGS = ["Text review"]
OPERATOR = {"audience": "operator"}


class TextDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Show the text or not."""

    show: bool
    reason: Annotated[str, msgspec.Meta(min_length=4, max_length=200, description="Why; kept in the audit trail")]


@get("/v1/operator/text-reviews", opt=OPERATOR, tags=TAGS, summary="Texts that wait for a person")
async def texts(operator: NamedDependency[Actor], limit: Limit = 50) -> list[Waiting]:
    """What the check of texts did not pass, as it would be shown; those refused by a person stay in the list."""
    return await text_screening.waiting(limit=limit)


@post(
    "/v1/operator/text-reviews/{report_id:uuid}/decision",
    opt=OPERATOR,
    tags=TAGS,
    summary="Decide on a text",
    status_code=204,
)
async def decide_text(
    report_id: FromPath[UUID], data: JSONBody[TextDecision], operator: NamedDependency[Actor]
) -> None:
    """Shown: the report becomes public at once. Not shown: it stays hidden and can be shown later; handling goes on."""
    async with database.transaction():
        await text_screening.decide(
            report_id, show=data.show, by=operator.principal, reason=data.reason, now=clock.utc_now()
        )


ROUTES = [texts, decide_text]
