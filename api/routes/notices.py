"""Reading counts of notices. The notices themselves are the dataset `notices`: list, entry, search, Atom."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import PathParameter

from domain.disclosure import notice_views
from domain.kernel import clock

Key = Annotated[str, PathParameter(max_length=160, description="The notice's key, as in the list")]


class Views(msgspec.Struct, frozen=True, kw_only=True):
    """How often a notice was read."""

    views: int


@post("/v1/notices/{key:str}/views", opt={"audience": "public"}, tags=["notices"], summary="A notice was opened")
async def opened(key: Key) -> Views:
    """The app says that somebody opened the notice; nothing about who is sent or kept. Rate limited by address."""
    await notice_views.count_one(key, today=clock.local_day(clock.utc_now()))
    return Views(views=await notice_views.total(key))


@get("/v1/notices/{key:str}/views", opt={"audience": "public"}, tags=["notices"], summary="Readings of a notice")
async def views(key: Key) -> Views:
    """How often the notice was opened so far."""
    return Views(views=await notice_views.total(key))


ROUTES = [opened, views]
