"""The personal score, for its owner only; and claiming a report's reward without an identity."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.actors import Actor
from api.addresses import client_address
from api.limits import wrong_attempts
from api.parts import Parts
from domain.kernel import clock, database
from domain.reports import receipts, reporters
from rewards import report_rewards, score
from rewards.report_rewards import ClaimRefused
from rewards.score import DIMENSIONS, VERSION, Score

RESIDENT = {"audience": "resident"}
TAGS = ["score"]
ByName = Annotated[
    bool, QueryParameter(description="Two officers may look at my sealed identity to pay; needed for a large sum")
]


class DimensionShown(msgspec.Struct, frozen=True, kw_only=True):
    """One public term: weight x value / (value + half)."""

    code: str
    title_zh: str
    title_en: str
    unit: str
    fields: list[str]
    weight: int
    half: int


class FormulaShown(msgspec.Struct, frozen=True, kw_only=True):
    """The published formula of a version."""

    version: int
    formula: str
    dimensions: list[DimensionShown]


class RewardClaim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Number and receipt code of an anonymous report."""

    number: Annotated[str, msgspec.Meta(max_length=40)]
    code: Annotated[str, msgspec.Meta(max_length=40)]


class PayoutShown(msgspec.Struct, frozen=True, kw_only=True):
    """Shown once: bring this code to the counter."""

    payout_code: str
    fen: int


@get("/v1/score/formula", opt={"audience": "public"}, tags=TAGS, summary="The score's formula")
async def read_formula() -> FormulaShown:
    """Voluntary, positive only, saturating; the same for everybody."""
    return FormulaShown(
        version=VERSION,
        formula="sum of weight * value / (value + half) over verified awards of the last 365 days",
        dimensions=[
            DimensionShown(
                code=d.code,
                title_zh=d.title.zh,
                title_en=d.title.en,
                unit=d.unit,
                fields=list(d.fields),
                weight=d.weight,
                half=d.half,
            )
            for d in DIMENSIONS
        ],
    )


@post("/v1/me/score", opt=RESIDENT, tags=TAGS, summary="Start a score", status_code=200)
async def join(resident: NamedDependency[Actor]) -> Score:
    """Voluntary; no service depends on it."""
    now = clock.utc_now()
    async with database.transaction():
        await score.join(resident.id, now=now)
        return await score.of(resident.id, now=now)


@get("/v1/me/score", opt=RESIDENT, tags=TAGS, summary="My score")
async def read(resident: NamedDependency[Actor]) -> Score:
    """Every term with the awards behind it and what would raise it; refused claims are appealed under /v1/claims."""
    async with database.transaction():
        return await score.of(resident.id, now=clock.utc_now())


@delete("/v1/me/score", opt=RESIDENT, tags=TAGS, summary="Leave and erase")
async def leave(resident: NamedDependency[Actor]) -> None:
    """At once; nothing stays."""
    async with database.transaction():
        await score.leave(resident.id)


@post(
    "/v1/receipts/reward",
    opt={"audience": "public", "limit": "code"},
    tags=["report rewards"],
    summary="Claim a reward by receipt code",
    status_code=200,
)
async def claim_by_receipt(
    data: JSONBody[RewardClaim], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> PayoutShown:
    """Without an identity, up to the published amount. One answer for every kind of no; guessing is locked out."""
    address = client_address(request.scope, trusted=parts.settings.trusted_proxies)
    async with wrong_attempts(parts.redis, purpose="receipt", subjects=[address]):
        report = await receipts.open_receipt(number=data.number, code=data.code)
    async with database.transaction():
        code, fen = await report_rewards.claim(report, now=clock.utc_now())
    return PayoutShown(payout_code=code, fen=fen)


@post(
    "/v1/reports/{report_id:uuid}/reward",
    opt={"audience": "resident", "limit": "code"},
    tags=["report rewards"],
    summary="Claim the reward of my report",
    status_code=200,
)
async def claim_own(
    report_id: FromPath[UUID], resident: NamedDependency[Actor], by_name: ByName = False
) -> PayoutShown:
    """For a report sent while signed in; the payout code names nobody. A large sum has to be claimed `by_name`."""
    if not await reporters.owns(resident.id, report_id=report_id):
        raise ClaimRefused
    async with database.transaction():
        code, fen = await report_rewards.claim(report_id, by_name=by_name, now=clock.utc_now())
    return PayoutShown(payout_code=code, fen=fen)


ROUTES = [read_formula, join, read, leave, claim_by_receipt, claim_own]
