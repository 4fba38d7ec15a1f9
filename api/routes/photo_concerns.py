"""Photographs a person must deal with: under review, not fetched, lost. The list beside the review queue."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.actors import Actor, require_role
from api.pages import Cursor, Limit, Page, decode_cursor, page_of
from domain.kernel import clock, database
from media import concerns
from media.concerns import Concern

TAGS = ["Photographs"]
OPERATOR = {"audience": "operator"}
KINDS = "^(review|risky|fetch-failed|original-lost|copies-lost)$"
KindFilter = Annotated[str | None, QueryParameter(name="kind", pattern=KINDS)]


class Settlement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was done about it."""

    note: Annotated[str, msgspec.Meta(min_length=4, max_length=200, examples=["已请承办单位重新上传"])]


@get("/v1/operator/photo-concerns", opt=OPERATOR, tags=TAGS, summary="Photographs that need a person")
async def listing(
    operator: NamedDependency[Actor],
    settled: FromQuery[bool] = False,
    kind: KindFilter = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[Concern]:
    """Newest first: doubtful ones, ones an update named and nobody could fetch, ones whose object is lost."""
    place = decode_cursor(cursor, tuple[int])
    found = await concerns.listing(settled=settled, kind=kind, before=place[0] if place else None, limit=limit + 1)
    return page_of([msgspec.structs.asdict(one) for one in found], limit=limit, key=("id",), items=found)


@post(
    "/v1/operator/photo-concerns/{concern:int}/settlement",
    opt=OPERATOR,
    tags=TAGS,
    summary="Say what was done",
    status_code=204,
)
async def settle(concern: FromPath[int], data: JSONBody[Settlement], operator: NamedDependency[Actor]) -> None:
    """Takes it off the list, with the note in the audit trail. Deciding a review settles its concern by itself."""
    require_role(operator, "clerk", "reviewer")
    async with database.transaction():
        await concerns.settle(concern, actor=operator.principal, note=data.note, now=clock.utc_now())


ROUTES = [listing, settle]
