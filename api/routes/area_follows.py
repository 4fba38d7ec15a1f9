"""Towns and square kilometres a resident follows: where the bureau's notices and alerts for an area go."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter

from api.actors import Actor
from api.parts import Parts
from domain.kernel import clock, database
from domain.kernel.errors import NotFound
from domain.kernel.geo import Datum, require_place, to_wgs84
from domain.kernel.settings import Settings
from domain.reports.service_area import district
from notifications import follows
from notifications.areas import cell_key

TAGS = ["notifications"]
RESIDENT = {"audience": "resident"}
TownCode = Annotated[str, PathParameter(max_length=40, description="Code of a town of the district.")]


class FollowView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing followed: `town:<code>` or `cell:<x>:<y>` (0.01 degree)."""

    audience: str
    since: datetime


class FollowedPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place; only its square kilometre is stored."""

    lng: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    datum: Datum = "gcj02"


def _town(code: str, *, settings: Settings) -> str:
    if code not in {town.code for town in district(settings.district).towns}:
        raise NotFound
    return f"town:{code}"


@get("/v1/inbox/areas", opt=RESIDENT, tags=TAGS, summary="Areas whose notices I get")
async def list_areas(resident: NamedDependency[Actor]) -> list[FollowView]:
    """Oldest first, at most 50."""
    return [FollowView(audience=f.audience, since=f.since) for f in await follows.followed(resident.id)]


@put("/v1/inbox/areas/towns/{code:str}", opt=RESIDENT, tags=TAGS, summary="Get a town's notices", status_code=204)
async def follow_town(code: TownCode, resident: NamedDependency[Actor], parts: NamedDependency[Parts]) -> None:
    """Notices for the town come into the inbox from now on."""
    audience = _town(code, settings=parts.settings)
    async with database.transaction():
        await follows.follow(resident.id, audience, now=clock.utc_now())


@delete("/v1/inbox/areas/towns/{code:str}", opt=RESIDENT, tags=TAGS, summary="Stop a town's notices")
async def unfollow_town(code: TownCode, resident: NamedDependency[Actor], parts: NamedDependency[Parts]) -> None:
    """What was told stays in the inbox."""
    await follows.unfollow(resident.id, _town(code, settings=parts.settings))


@put("/v1/inbox/areas/places", opt=RESIDENT, tags=TAGS, summary="Get alerts near a place", status_code=204)
async def follow_place(data: JSONBody[FollowedPlace], resident: NamedDependency[Actor]) -> None:
    """Alerts near the place come into the inbox from now on; the exact place is not kept."""
    cell = cell_key(to_wgs84(require_place(data.lng, data.lat), datum=data.datum))
    async with database.transaction():
        await follows.follow(resident.id, cell, now=clock.utc_now())


@delete("/v1/inbox/areas/places/{x:int}/{y:int}", opt=RESIDENT, tags=TAGS, summary="Stop alerts near a place")
async def unfollow_place(
    x: Annotated[int, PathParameter(ge=-18_000, le=18_000, description="As in `cell:<x>:<y>`.")],
    y: Annotated[int, PathParameter(ge=-9_000, le=9_000, description="As in `cell:<x>:<y>`.")],
    resident: NamedDependency[Actor],
) -> None:
    """What was told stays in the inbox."""
    await follows.unfollow(resident.id, f"cell:{x}:{y}")


ROUTES = [list_areas, follow_town, unfollow_town, follow_place, unfollow_place]
