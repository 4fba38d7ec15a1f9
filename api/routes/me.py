"""The signed-in resident: what the account holds, and the consents."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api import age_gate
from api.actors import SESSIONS, Actor
from domain.kernel import clock, database
from domain.kernel.errors import NotFound
from domain.reports import leaving
from domain.reports.leaving import Closed, OwnData
from domain.residents import consents, phones
from domain.residents.consents import Consent, Purpose


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """The account as its owner sees it."""

    id: UUID
    created_at: datetime
    phone: str | None  # masked
    consents: list[Consent]


class ConsentAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes or no to one published text."""

    purpose: Purpose
    given: bool
    text_version: Annotated[str, msgspec.Meta(min_length=1, max_length=30, examples=["2026-11-01"])]
    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=20)] = "mini_program"


@get("/v1/me", opt={"audience": "resident"}, tags=["me"], summary="My account")
async def me(resident: NamedDependency[Actor]) -> Me:
    """The account, its masked phone and the consents in force."""
    created_at = await database.fetch_value("select created_at from account where id = $1", resident.id)
    if created_at is None:
        raise NotFound
    number = await phones.number_of(resident.id)
    return Me(
        id=resident.id,
        created_at=created_at,
        phone=None if number is None else phones.masked(number),
        consents=await consents.in_force(resident.id),
    )


@post(
    "/v1/me/consents",
    opt={"audience": "resident"},
    tags=["me"],
    summary="Give or withdraw a consent",
    status_code=200,
)
async def answer_consent(data: JSONBody[ConsentAnswer], resident: NamedDependency[Actor]) -> list[Consent]:
    """Records the answer with the version of the text; withdrawing is the same call with `given: false`."""
    async with database.transaction():
        await consents.record(
            resident.id,
            purpose=data.purpose,
            given=data.given,
            text_version=data.text_version,
            channel=data.channel,
            now=clock.utc_now(),
        )
    age_gate.forget(resident.id)
    return await consents.in_force(resident.id)


@get("/v1/me/export", opt={"audience": "resident", "limit": "export"}, tags=["me"], summary="A copy of my data")
async def export(resident: NamedDependency[Actor]) -> OwnData:
    """Account, phone, consents, reports with their timelines, follows and alerts (PIPL art. 45)."""
    return await leaving.copy_of(resident.id)


@delete("/v1/me", opt={"audience": "resident"}, tags=["me"], summary="Close my account", status_code=200)
async def close(resident: NamedDependency[Actor]) -> Closed:
    """Deletes phone, openid, follows and alerts and unties ended reports from me (PIPL art. 47).

    Reports still being handled stay sealed until they end; the answer names them.
    """
    async with database.transaction():
        closed = await leaving.close(resident.id, now=clock.utc_now())
    if resident.session is not None:
        SESSIONS.forget(resident.session)
    return closed


ROUTES = [me, answer_consent, export, close]
