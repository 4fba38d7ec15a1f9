"""Acts on a whole year of ratings: everybody's preliminary rating from a file, the next stage for all, what is late."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter

from api.actors import Actor, require_role
from domain.enterprises import batches, cycles
from domain.enterprises.batches import Batch
from domain.enterprises.cycles import Unpublished
from domain.enterprises.life import Stage
from domain.kernel import clock, database
from domain.kernel.sheets import FILE_BYTES_MAX

BASE = "/v1/operator/enterprises/cycles"
Year = Annotated[int, PathParameter(ge=2013, le=2100, description="The year that is rated")]
Pack = Annotated[str, QueryParameter(max_length=60, description="The rule pack, as in `/v1/enterprises/rule-packs`")]


class CycleStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The next stage for all ratings of a year that may go there."""

    stage: Literal["fed_back", "publicised", "final", "published"]
    basis: Annotated[str, msgspec.Meta(min_length=2, max_length=120)]


@post(
    f"{BASE}/{{year:int}}/ratings",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="Rate everybody in a file",
    status_code=202,
    request_max_body_size=FILE_BYTES_MAX,
)
async def rate(request: Request[Any, Any, Any], operator: NamedDependency[Actor], year: Year, pack: Pack) -> Batch:
    """The body is a CSV or XLSX with one row per enterprise and one column per indicator of the pack.

    Columns: 统一社会信用代码, 依据文件, every indicator by its code or name (empty: does not apply), 一票否决 and
    加分项 with codes joined by 、. The worker rates; the act's address tells how far it is and which rows it left out.
    """
    require_role(operator, "clerk", "reviewer")
    content = await request.body()
    async with database.transaction():
        return await batches.rate(year=year, pack=pack, content=content, operator=operator.id, now=clock.utc_now())


@post(
    f"{BASE}/{{year:int}}/steps",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="The next stage for a whole year",
    status_code=202,
)
async def step(operator: NamedDependency[Actor], year: Year, data: JSONBody[CycleStep]) -> Batch:
    """Feeds back, publicises, decides or publishes every rating of the year that is ready for it.

    Publicising and deciding are for another officer than the one who computed the ratings.
    """
    stage = Stage(data.stage)
    require_role(operator, *(("clerk", "reviewer") if stage is Stage.FED_BACK else ("reviewer",)))
    async with database.transaction():
        return await batches.step(year=year, stage=stage, basis=data.basis, operator=operator.id, now=clock.utc_now())


@get(f"{BASE}/acts", opt={"audience": "operator"}, tags=["operator"], summary="Acts on whole years")
async def acts() -> list[Batch]:
    """The latest acts, newest first."""
    return await batches.latest()


@get(f"{BASE}/acts/{{act:uuid}}", opt={"audience": "operator"}, tags=["operator"], summary="How far an act is")
async def one(act: FromPath[UUID]) -> Batch:
    """State, progress (`done` of `rows`), and the rows that were left out."""
    return await batches.find(act)


@get(f"{BASE}/dues", opt={"audience": "operator"}, tags=["operator"], summary="Ratings to publish, by when")
async def dues() -> list[Unpublished]:
    """Decided ratings that are not public yet, with their light: 5 working days from the decision by most packs."""
    return await cycles.unpublished(today=clock.local_day(clock.utc_now()))


ROUTES = [rate, step, acts, one, dues]
