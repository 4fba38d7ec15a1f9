"""Signals of collusion for officers."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.actors import Actor
from domain.kernel import audit, clock, database
from rewards import collusion
from rewards.collusion import FewHands, Pair, SharedDevice

Days = Annotated[int, QueryParameter(ge=1, le=366, description="How many days back")]


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """What an officer may want to look at; none of it is a verdict, and nothing follows by itself."""

    rings: list[list[UUID]]  # people who confirmed each other's hours, directly or round about
    devices: list[SharedDevice]
    pairs: list[Pair]
    merchants: list[FewHands]


@get(
    "/v1/operator/collusion",
    opt={"audience": "operator", "role": "clerk"},
    tags=["claim review"],
    summary="Rings, shared devices, pairs, merchants",
)
async def signals(operator: NamedDependency[Actor], days: Days = 30) -> Signals:
    """Accounts appear by id, so that a person can be excluded or asked; each look is audited."""
    now = clock.utc_now()
    since = now - timedelta(days=days)
    async with database.transaction():
        await audit.append(actor=operator.principal, action="collusion.looked", subject=f"days:{days}", at=now)
        return Signals(
            rings=[sorted(ring) for ring in await collusion.rings(since=since)],
            devices=await collusion.devices(since=since),
            pairs=await collusion.pairs(since=since),
            merchants=await collusion.few_hands(since=since),
        )


ROUTES = [signals]
