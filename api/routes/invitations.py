"""Inviting others: one's own code, and saying who invited one."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.actors import Actor
from domain.kernel import clock, database
from rewards import invitations

TAGS = ["green credit"]


class InvitationShown(msgspec.Struct, frozen=True, kw_only=True):
    """The code to give away."""

    code: str


class InvitationSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code of who invited me."""

    code: Annotated[str, msgspec.Meta(min_length=4, max_length=16)]


@get("/v1/me/invitation", opt={"audience": "resident"}, tags=TAGS, summary="My invitation code")
async def read_code(resident: NamedDependency[Actor]) -> InvitationShown:
    """It pays after the invited person's first verified deed, a week later, at most three times a day."""
    return InvitationShown(code=await invitations.code_of(resident.id))


@post(
    "/v1/me/invitation",
    opt={"audience": "resident", "limit": "code"},
    tags=TAGS,
    summary="Who invited me",
    status_code=204,
)
async def accept(data: JSONBody[InvitationSent], resident: NamedDependency[Actor]) -> None:
    """Once, within 30 days of signing up and before the first points. Voluntary."""
    async with database.transaction():
        await invitations.accept(resident.id, code=data.code, now=clock.utc_now())


ROUTES = [read_code, accept]
