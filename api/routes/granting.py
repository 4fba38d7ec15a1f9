"""Officers give: points by hand, sponsors' budgets. Each needs a second officer."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from api.moments import Moment, check_years
from domain.kernel import clock, credit_code, database
from domain.kernel.errors import Invalid, Text
from domain.operators import four_eyes
from rewards import grants, sponsors
from rewards.behaviours import BEHAVIOURS
from rewards.grants import MonthOfGrants
from rewards.sponsors import Effects

TAGS = ["granting"]
CLERK = {"audience": "operator", "role": "clerk"}


class GrantWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points for a resident, with reason and evidence."""

    account: UUID
    amount: Annotated[int, msgspec.Meta(ge=1, le=grants.DAILY_MAX)]
    category: grants.Category
    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=500)]
    evidence: Annotated[str, msgspec.Meta(min_length=2, max_length=120)]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Waits for a second officer under this approval."""

    id: UUID
    approval: UUID


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The transfer that was posted."""

    transfer: int


class SponsorSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An enterprise by its credit code."""

    name: Annotated[str, msgspec.Meta(min_length=2, max_length=80)]
    credit_code: Annotated[str, msgspec.Meta(min_length=18, max_length=18)]


class SponsorShown(msgspec.Struct, frozen=True, kw_only=True):
    """A sponsor and how many of its campaigns are open."""

    id: UUID
    name: str
    campaigns: int


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The id."""

    id: UUID


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points to put into the budget; with an approval the act itself, without one the request for it."""

    points: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    approval: UUID | None = None


class BudgetTold(msgspec.Struct, frozen=True, kw_only=True):
    """Either the approval to wait for, or the transfer posted."""

    approval: UUID | None = None
    transfer: int | None = None


class CampaignSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Extra points for a behaviour within a time."""

    behaviour: Annotated[str, msgspec.Meta(max_length=40)]
    points: Annotated[int, msgspec.Meta(ge=1, le=1_000)]
    from_at: Moment
    until_at: Moment


class RetirementSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Any day of the month to retire."""

    month: date


@post("/v1/operator/grants", opt=CLERK, tags=TAGS, summary="Ask for points by hand")
async def ask_grant(data: JSONBody[GrantWanted], operator: NamedDependency[Actor]) -> Waiting:
    """A second officer decides under `/v1/operator/approvals`; then post it."""
    async with database.transaction():
        grant, approval = await grants.ask(
            account=data.account,
            amount=data.amount,
            category=data.category,
            reason=data.reason,
            evidence=data.evidence,
            officer=operator.id,
            now=clock.utc_now(),
        )
    return Waiting(id=grant, approval=approval)


@post("/v1/operator/grants/{grant:uuid}/post", opt=CLERK, tags=TAGS, summary="Post an approved grant", status_code=200)
async def post_grant(grant: FromPath[UUID], operator: NamedDependency[Actor]) -> Done:
    """Once, within the officer's daily ceiling."""
    async with database.transaction():
        posted = await grants.post(grant, officer=operator.id, now=clock.utc_now())
    return Done(transfer=posted.transfer)


@get("/v1/ledger/grants/{month:date}", opt={"audience": "public"}, tags=["ledger"], summary="Grants of a month")
async def grants_of_month(month: FromPath[date]) -> list[MonthOfGrants]:
    """Public numbers of what was given by hand in the month of this day."""
    check_years(month=month)
    return await grants.month(month.replace(day=1))


@post("/v1/operator/sponsors", opt=CLERK, tags=TAGS, summary="Register a sponsor")
async def register_sponsor(data: JSONBody[SponsorSent], operator: NamedDependency[Actor]) -> Made:
    """An enterprise by its unified social credit code."""
    if not credit_code.is_credit_code(data.credit_code):
        raise Invalid(Text("统一社会信用代码无效", "The credit code is not valid"), field="credit_code")
    async with database.transaction():
        made = await sponsors.register(
            name=data.name, credit_code=data.credit_code, by=operator.principal, now=clock.utc_now()
        )
    return Made(id=made)


@post("/v1/operator/sponsors/{sponsor:uuid}/budget", opt=CLERK, tags=TAGS, summary="Fund a budget", status_code=200)
async def fund(sponsor: FromPath[UUID], data: JSONBody[Budget], operator: NamedDependency[Actor]) -> BudgetTold:
    """First without an approval: asks for one. Then with it: posts the points."""
    now = clock.utc_now()
    async with database.transaction():
        if data.approval is None:
            asked = await four_eyes.ask(
                action=sponsors.FUND,
                subject=f"sponsor:{sponsor}/{data.points}",
                reason="sponsor budget",
                operator=operator.id,
                now=now,
            )
            return BudgetTold(approval=asked)
        posted = await sponsors.fund(sponsor, points=data.points, approval=data.approval, officer=operator.id, now=now)
    return BudgetTold(transfer=posted.transfer)


@post("/v1/operator/sponsors/{sponsor:uuid}/campaigns", opt=CLERK, tags=TAGS, summary="Open a campaign")
async def campaign(sponsor: FromPath[UUID], data: JSONBody[CampaignSent], operator: NamedDependency[Actor]) -> Made:
    """Extra points while the budget lasts."""
    check_years(from_at=data.from_at, until_at=data.until_at)
    if data.behaviour not in BEHAVIOURS or data.until_at <= data.from_at:
        raise Invalid(Text("行为或时间不合理", "The behaviour or the times do not fit"), field="behaviour")
    async with database.transaction():
        made = await sponsors.campaign(
            sponsor,
            behaviour=data.behaviour,
            points=data.points,
            from_at=data.from_at,
            until_at=data.until_at,
            now=clock.utc_now(),
        )
    return Made(id=made)


@post("/v1/operator/sponsors/{sponsor:uuid}/retirements", opt=CLERK, tags=TAGS, summary="Retire carbon")
async def retire(sponsor: FromPath[UUID], data: JSONBody[RetirementSent], operator: NamedDependency[Actor]) -> Done:
    """One movement for a month; a second one is refused."""
    check_years(month=data.month)
    async with database.transaction():
        posted = await sponsors.retire(sponsor, month=data.month, by=operator.principal, now=clock.utc_now())
    return Done(transfer=posted.transfer)


@post("/v1/operator/campaigns/{campaign_id:uuid}/end", opt=CLERK, tags=TAGS, summary="End a campaign", status_code=204)
async def end_campaign(campaign_id: FromPath[UUID], operator: NamedDependency[Actor]) -> None:
    """At once; what it paid stays."""
    async with database.transaction():
        await sponsors.end_campaign(campaign_id, by=operator.principal, now=clock.utc_now())


@get("/v1/sponsors", opt={"audience": "public"}, tags=["green credit"], summary="Sponsors")
async def list_sponsors() -> list[SponsorShown]:
    """Who pays for extra points; each one's effects are under its id."""
    return [SponsorShown(**row) for row in await sponsors.listed()]


@get("/v1/sponsors/{sponsor:uuid}", opt={"audience": "public"}, tags=["green credit"], summary="A sponsor's effects")
async def sponsor_effects(sponsor: FromPath[UUID]) -> Effects:
    """Aggregated; numbers of fewer than ten people are not told."""
    return await sponsors.effects(sponsor)


ROUTES = [
    ask_grant,
    post_grant,
    grants_of_month,
    register_sponsor,
    fund,
    campaign,
    retire,
    end_campaign,
    list_sponsors,
    sponsor_effects,
]
