"""Cash rewards for reports: the public rules, officers' decisions, the reporter's claim with or without a name."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.actors import Actor
from api.addresses import client_address
from api.limits import wrong_attempts
from api.moments import Moment, check_years
from api.parts import Parts
from api.routes.granting import Waiting
from domain.kernel import clock, database
from domain.reports import receipts, reporters
from rewards import report_rewards
from rewards.report_rewards import ClaimRefused

TAGS = ["report rewards"]
CLERK = {"audience": "operator", "role": "clerk"}
RESIDENT = {"audience": "resident"}
ByName = Annotated[
    bool, QueryParameter(description="Two officers may look at my sealed identity to pay; needed for a large sum")
]


class RewardShown(msgspec.Struct, frozen=True, kw_only=True):
    """A reward of a report; no person."""

    id: UUID
    case: UUID
    report: UUID
    state: str
    reason: str | None
    item: str | None
    fen: int | None
    verified_at: datetime
    claim_until: datetime | None


class RewardItem(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of violation. `tag` P: a policy choice that the district may change."""

    code: str
    title_zh: str
    title_en: str
    fen: int
    tag: str


class RewardRules(msgspec.Struct, frozen=True, kw_only=True):
    """The published rules: up to `anonymous_fen_max` no identity is asked; claimed within `claim_days`."""

    items: list[RewardItem]
    anonymous_fen_max: int
    claim_days: int


class RewardProposal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Items found (the highest counts) and reports that were declared joint."""

    items: Annotated[list[Annotated[str, msgspec.Meta(max_length=60)]], msgspec.Meta(min_length=1, max_length=10)]
    joint: Annotated[list[UUID], msgspec.Meta(max_length=20)] = []


class Approved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The approval that the second officer gave."""

    approval: UUID


class Fen(msgspec.Struct, frozen=True, kw_only=True):
    """1/100 yuan."""

    fen: int


class Payout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code the claimant shows at the counter."""

    code: Annotated[str, msgspec.Meta(min_length=8, max_length=40)]


class Exclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who earns no report rewards, why and how long."""

    account: UUID
    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]
    until: Moment | None = None


class RewardClaim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Number and receipt code of an anonymous report."""

    number: Annotated[str, msgspec.Meta(max_length=40)]
    code: Annotated[str, msgspec.Meta(max_length=40)]


class PayoutShown(msgspec.Struct, frozen=True, kw_only=True):
    """Shown once: bring this code to the counter."""

    payout_code: str
    fen: int


@get("/v1/report-rewards/rules", opt={"audience": "public"}, tags=TAGS, summary="What reports are worth")
async def reward_rules() -> RewardRules:
    """Sums by kind of violation; the first report counts, joint ones share equally, of several items the highest."""
    return RewardRules(
        items=[
            RewardItem(code=i.code, title_zh=i.title.zh, title_en=i.title.en, fen=i.fen, tag=i.tag)
            for i in report_rewards.ITEMS.values()
        ],
        anonymous_fen_max=report_rewards.ANONYMOUS_FEN_MAX,
        claim_days=report_rewards.CLAIM_WITHIN.days,
    )


@get("/v1/operator/report-rewards/{standing:str}", opt=CLERK, tags=TAGS, summary="Rewards in a state")
async def list_rewards(standing: FromPath[str], operator: NamedDependency[Actor]) -> list[RewardShown]:
    """verified, decided, told, claimed, paid, expired, refused."""
    return [RewardShown(**row) for row in await report_rewards.listed(standing)]


@post("/v1/operator/report-rewards/{reward:uuid}/proposal", opt=CLERK, tags=TAGS, summary="Propose a reward")
async def propose(reward: FromPath[UUID], data: JSONBody[RewardProposal], operator: NamedDependency[Actor]) -> Waiting:
    """The highest item counts; joint reports share equally."""
    async with database.transaction():
        approval = await report_rewards.propose(
            reward, items=data.items, joint=data.joint, officer=operator.id, now=clock.utc_now()
        )
    return Waiting(id=reward, approval=approval)


@post(
    "/v1/operator/report-rewards/{reward:uuid}/decision",
    opt=CLERK,
    tags=TAGS,
    summary="Carry an approved reward out",
    status_code=200,
)
async def decide(reward: FromPath[UUID], data: JSONBody[Approved], operator: NamedDependency[Actor]) -> Fen:
    """It is told with all others in the next daily batch."""
    async with database.transaction():
        fen = await report_rewards.decide(reward, approval=data.approval, officer=operator.id, now=clock.utc_now())
    return Fen(fen=fen)


@post(
    "/v1/operator/report-rewards/{reward:uuid}/payment",
    opt={**CLERK, "limit": "code"},
    tags=TAGS,
    summary="Pay against the payout code",
    status_code=200,
)
async def pay(reward: FromPath[UUID], data: JSONBody[Payout], operator: NamedDependency[Actor]) -> Fen:
    """Once; no identity is asked, except for a large sum: that needs an approved reveal for the purpose `reward`."""
    async with database.transaction():
        fen = await report_rewards.pay(reward, code=data.code, officer=operator.id, now=clock.utc_now())
    return Fen(fen=fen)


@post("/v1/operator/reward-exclusions", opt=CLERK, tags=TAGS, summary="Exclude from report rewards", status_code=204)
async def exclude(data: JSONBody[Exclusion], operator: NamedDependency[Actor]) -> None:
    """Staff on duty, or false reporting; the person's key is stored, not the account."""
    check_years(until=data.until)
    async with database.transaction():
        await report_rewards.exclude(
            data.account, reason=data.reason, until=data.until, by=operator.principal, now=clock.utc_now()
        )


@post(
    "/v1/receipts/reward",
    opt={"audience": "public", "limit": "code"},
    tags=TAGS,
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
    tags=TAGS,
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


ROUTES = [reward_rules, list_rewards, propose, decide, pay, exclude, claim_by_receipt, claim_own]
