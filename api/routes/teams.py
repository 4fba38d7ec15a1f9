"""Teams, where a district has them."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from api.idempotency import IdempotencyKey
from domain.kernel import audit, clock, database
from rewards import teams
from rewards.ledger import KeyAltered

TAGS = ["teams"]
RESIDENT = {"audience": "resident"}


class TeamSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team to found."""

    name: Annotated[str, msgspec.Meta(min_length=2, max_length=30)]


class TeamMade(msgspec.Struct, frozen=True, kw_only=True):
    """The team's id, to invite with."""

    id: UUID


class Gift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points for the team."""

    points: Annotated[int, msgspec.Meta(ge=1, le=teams.GIFT_DAILY_MAX)]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What is left."""

    balance: int


class TeamRow(msgspec.Struct, frozen=True, kw_only=True):
    """A team of at least ten."""

    name: str
    members: int
    points: int


@get("/v1/teams", opt={"audience": "public"}, tags=TAGS, summary="Teams")
async def board() -> list[TeamRow]:
    """Teams of at least ten members, best first; 404 where the district has none."""
    return [TeamRow(name=name, members=members, points=points) for name, members, points in await teams.board()]


@post("/v1/teams", opt=RESIDENT, tags=TAGS, summary="Found a team")
async def found(data: JSONBody[TeamSent], resident: NamedDependency[Actor]) -> TeamMade:
    """The founder is its first member."""
    async with database.transaction():
        return TeamMade(id=await teams.found(data.name, founder=resident.id, now=clock.utc_now()))


@post("/v1/teams/{team:uuid}/membership", opt=RESIDENT, tags=TAGS, summary="Join", status_code=204)
async def join(team: FromPath[UUID], resident: NamedDependency[Actor]) -> None:
    """Own choice."""
    await teams.join(team, account=resident.id, now=clock.utc_now())


@delete("/v1/teams/{team:uuid}/membership", opt=RESIDENT, tags=TAGS, summary="Leave")
async def leave(team: FromPath[UUID], resident: NamedDependency[Actor]) -> None:
    """At once; what was given stays with the team."""
    await teams.leave(team, account=resident.id)


@post("/v1/teams/{team:uuid}/gifts", opt=RESIDENT, tags=TAGS, summary="Give points", status_code=200)
async def give(
    team: FromPath[UUID], data: JSONBody[Gift], resident: NamedDependency[Actor], key: IdempotencyKey
) -> Given:
    """Within a daily limit per person; repeated with the same key it happens once. Points never come back out.

    The same key with another sum is refused with 409 and noted in the audit trail.
    """
    now = clock.utc_now()
    try:
        async with database.transaction():
            posted = await teams.give(team, account=resident.id, points=data.points, key=key, now=now)
    except KeyAltered:
        async with database.transaction():
            await audit.append(
                actor=resident.principal, action="posting.altered-replay", subject=f"team:{team}", at=now
            )
        raise
    return Given(balance=posted.debit_balance or 0)


ROUTES = [board, found, join, leave, give]
