"""Providers report residents' deeds; residents allow it and end it; officers register partners."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from api.case_platform import signing
from api.problems import Malformed
from domain.kernel import clock, database
from domain.kernel.errors import Invalid, Text
from rewards import partners, provider_events
from rewards.behaviours import BEHAVIOURS
from rewards.partners import Listed, Partner
from rewards.provider_events import EVENTS_MAX, ProviderEvent, Told

BODY_BYTES = 1024 * 1024
ADMINISTRATOR = {"audience": "operator", "role": "administrator"}
Code = Annotated[str, msgspec.Meta(min_length=2, max_length=40, pattern=r"^[a-z0-9-]+$", examples=["qinghe-metro"])]


class EventBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to 1,000 deeds."""

    events: Annotated[list[ProviderEvent], msgspec.Meta(min_length=1, max_length=EVENTS_MAX)]


class BatchTold(msgspec.Struct, frozen=True, kw_only=True):
    """One answer per event, in the order sent."""

    results: list[Told]


class NewPartner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider or merchant to register."""

    code: Code
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    kind: Literal["provider", "merchant"]
    operators: Annotated[list[Code], msgspec.Meta(max_length=20)] = []
    behaviours: Annotated[list[Code], msgspec.Meta(max_length=30)] = []


class PartnerMade(msgspec.Struct, frozen=True, kw_only=True):
    """The secret is shown only here."""

    code: str
    secret: str


class Standing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the partner may call."""

    active: bool


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The only name by which the partner knows the resident."""

    subject: UUID


async def signed_by(request: Request[Any, Any, Any], *, code: str, kind: str) -> Partner:
    """The partner whose key signed this request; raises `SignatureRefused`, also for an unknown partner."""
    partner = await partners.find(code, kind=kind)
    headers = {name.lower(): value for name, value in request.headers.items()}
    keys = (partner.secret if partner else b"nobody",)
    signing.verify(headers, body=await request.body(), keys=keys, now=clock.utc_now())
    if partner is None:
        raise signing.SignatureRefused
    return partner


@post(
    "/v1/partners/{code:str}/events",
    opt={"audience": "partner", "limit": "machine"},
    tags=["partners"],
    summary="Report deeds of linked residents",
    status_code=200,
    request_max_body_size=BODY_BYTES,
)
async def report_events(code: FromPath[str], request: Request[Any, Any, Any]) -> BatchTold:
    """Signed as Standard Webhooks says. By (operator, trip_id): sent again it is `known`, changed `altered`."""
    partner = await signed_by(request, code=code, kind="provider")
    try:
        batch = msgspec.json.decode(await request.body(), type=EventBatch)
    except msgspec.MsgspecError as error:
        raise Malformed(Text("内容不符合接口约定", f"not a batch of events: {error}")) from error
    async with database.transaction():
        results = await provider_events.take(partner, batch.events, now=clock.utc_now())
    return BatchTold(results=results)


@post(
    "/v1/points/partners/{code:str}",
    opt={"audience": "resident"},
    tags=["partners"],
    summary="Allow a partner to report my deeds",
    status_code=200,
)
async def allow(code: FromPath[str], resident: NamedDependency[Actor]) -> Link:
    """Authorises one scene. The partner gets only the returned name; allowing again returns the same one."""
    async with database.transaction():
        return Link(subject=await partners.link(resident.id, code=code, now=clock.utc_now()))


@delete(
    "/v1/points/partners/{code:str}",
    opt={"audience": "resident"},
    tags=["partners"],
    summary="End a partner's permission",
)
async def end(code: FromPath[str], resident: NamedDependency[Actor]) -> None:
    """Later events under this name are refused at once. What was earned stays."""
    await partners.unlink(resident.id, code=code, now=clock.utc_now())


@get(
    "/v1/operator/reward-partners/behaviours",
    opt={"audience": "operator"},
    tags=["partners"],
    summary="Codes a partner may be registered for",
)
async def provider_codes() -> list[str]:
    """Behaviours that accept a provider's event as proof."""
    return [code for code, behaviour in BEHAVIOURS.items() if "provider" in behaviour.proofs]


@post(
    "/v1/operator/reward-partners",
    opt=ADMINISTRATOR,
    tags=["partners"],
    summary="Register a partner",
)
async def register(data: JSONBody[NewPartner], operator: NamedDependency[Actor]) -> PartnerMade:
    """Makes a provider or merchant and shows its signing secret once."""
    if unknown := set(data.behaviours) - set(BEHAVIOURS):
        raise Invalid(Text("未知行为代码", f"unknown: {', '.join(sorted(unknown))}"), field="behaviours")
    async with database.transaction():
        secret = await partners.register(
            code=data.code,
            title=data.title,
            kind=data.kind,
            operators=data.operators,
            behaviours=data.behaviours,
            by=operator.principal,
            now=clock.utc_now(),
        )
    return PartnerMade(code=data.code, secret=secret)


@get("/v1/operator/reward-partners", opt=ADMINISTRATOR, tags=["partners"], summary="Providers and merchants")
async def list_partners(operator: NamedDependency[Actor]) -> list[Listed]:
    """With how many residents allow each at present."""
    return await partners.listed()


@post(
    "/v1/operator/reward-partners/{code:str}/secret",
    opt=ADMINISTRATOR,
    tags=["partners"],
    summary="Replace a partner's secret",
    status_code=200,
)
async def replace_secret(code: FromPath[str], operator: NamedDependency[Actor]) -> PartnerMade:
    """The old secret opens nothing from now on; the new one is shown only here."""
    async with database.transaction():
        secret = await partners.replace_secret(code, by=operator.principal, now=clock.utc_now())
    return PartnerMade(code=code, secret=secret)


@post(
    "/v1/operator/reward-partners/{code:str}/standing",
    opt=ADMINISTRATOR,
    tags=["partners"],
    summary="Suspend or resume a partner",
    status_code=204,
)
async def set_active(code: FromPath[str], data: JSONBody[Standing], operator: NamedDependency[Actor]) -> None:
    """A suspended partner is answered like an unknown one."""
    async with database.transaction():
        await partners.set_active(code, active=data.active, by=operator.principal, now=clock.utc_now())


ROUTES = [report_events, allow, end, provider_codes, register, list_partners, replace_secret, set_active]
