"""Other sources: batches of reports with an API key; operators admit and revoke partners."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody

from api.actors import Actor
from domain.kernel import clock, database
from domain.reports import partner_intake, partners
from domain.reports.drafts import Channel
from domain.reports.partner_intake import BATCH_MAX, PartnerRow, RowResult
from domain.reports.partners import Partner, Scope

BATCH_BYTES_MAX = 2 * 1024 * 1024
ADMINISTRATOR = {"audience": "operator", "role": "administrator"}
ApiKey = Annotated[
    str | None, HeaderParameter(name="X-Api-Key", max_length=100, description="The key shown when it was issued")
]


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 reports."""

    reports: Annotated[list[PartnerRow], msgspec.Meta(min_length=1, max_length=BATCH_MAX)]


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """One result per row, in the order they were sent."""

    created: int
    known: int
    conflict: int
    refused: int
    results: list[RowResult]


class NewPartner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source to admit."""

    name: Annotated[str, msgspec.Meta(min_length=2, max_length=80)]
    channels: Annotated[list[Channel], msgspec.Meta(min_length=1, max_length=10)]
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=2)]


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """The partner and its key, which is shown only here."""

    id: UUID
    api_key: str


@post(
    "/v1/partner/reports/batch",
    opt={"audience": "partner", "limit": "machine"},
    tags=["partners"],
    summary="Hand in reports of another source",
    status_code=200,
    request_max_body_size=BATCH_BYTES_MAX,
)
async def take_batch(data: JSONBody[Batch], api_key: ApiKey = None) -> BatchResult:
    """Stores each row once by its `external_id`: sending a batch again is safe and names what is known already.

    A refused row changes nothing for the others. The key must hold the scope `reports:write` and the row's channel.
    """
    partner = await partners.of_key(api_key, scope="reports:write")
    async with database.transaction():
        results = await partner_intake.take_batch(data.reports, partner=partner, now=clock.utc_now())
    outcomes = [result.outcome for result in results]
    return BatchResult(
        created=outcomes.count("created"),
        known=outcomes.count("known"),
        conflict=outcomes.count("conflict"),
        refused=outcomes.count("refused"),
        results=results,
    )


@get("/v1/operator/partners", opt=ADMINISTRATOR, tags=["partners"], summary="Sources with a working key")
async def listed() -> list[Partner]:
    """Every partner whose key works, without the key."""
    return await partners.listed()


@post("/v1/operator/partners", opt=ADMINISTRATOR, tags=["partners"], summary="Admit a source")
async def admit(data: JSONBody[NewPartner], operator: NamedDependency[Actor]) -> Admitted:
    """Makes a partner; its API key is in this answer and nowhere else."""
    async with database.transaction():
        partner_id, key = await partners.admit(
            name=data.name,
            channels=data.channels,
            scopes=data.scopes,
            by=operator.principal,
            now=clock.utc_now(),
        )
    return Admitted(id=partner_id, api_key=key)


@post(
    "/v1/operator/partners/{partner_id:uuid}/revoke",
    opt=ADMINISTRATOR,
    tags=["partners"],
    summary="Revoke a source's key",
    status_code=204,
)
async def revoke(partner_id: FromPath[UUID], operator: NamedDependency[Actor]) -> None:
    """The key stops working at once."""
    async with database.transaction():
        await partners.revoke(partner_id, by=operator.principal, now=clock.utc_now())


ROUTES = [take_batch, listed, admit, revoke]
