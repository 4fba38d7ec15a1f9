"""Officers look at held claims and at appeals."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from api.pages import Cursor, Page, decode_cursor, encode_cursor
from domain.kernel import clock, database
from rewards import review
from rewards.posting import Award
from rewards.reasons import REASONS

TAGS = ["claim review"]
OFFICER = {"audience": "operator"}


class HeldClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What the reviewer needs, without the resident."""

    id: UUID
    behaviour: str
    proof: str
    trust: str
    reason: str | None
    from_at: datetime
    to_at: datetime
    inputs: dict[str, str]
    detail: dict[str, Any]
    received_at: datetime


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes, or no with a reason from the list."""

    accept: bool
    reason: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class AppealDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Granted or upheld, with an answer for the resident."""

    grant: bool
    answer: Annotated[str, msgspec.Meta(min_length=2, max_length=500)]


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What followed."""

    milligrams: int
    points: int


class OpenAppeal(msgspec.Struct, frozen=True, kw_only=True):
    """An appeal that waits."""

    id: UUID
    claim: UUID
    words: str
    made_at: datetime
    behaviour: str
    reason: str | None
    inputs: dict[str, str]


class ReasonShown(msgspec.Struct, frozen=True, kw_only=True):
    """A reason's code and its words."""

    code: str
    zh: str
    en: str


def _decided(outcome: object) -> Decided:
    if isinstance(outcome, Award):
        return Decided(milligrams=outcome.milligrams, points=outcome.points)
    return Decided(milligrams=0, points=0)


@get("/v1/operator/claims", opt=OFFICER, tags=TAGS, summary="Claims that wait for a person")
async def list_held(operator: NamedDependency[Actor], cursor: Cursor = None) -> Page[HeldClaim]:
    """Oldest first."""
    key = decode_cursor(cursor, tuple[UUID])
    rows = await review.queue(after=key[0] if key else None, limit=review.PAGE + 1)
    items = [HeldClaim(**row) for row in rows[: review.PAGE]]
    return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > review.PAGE else None)


@post("/v1/operator/claims/{claim_id:uuid}/decision", opt=OFFICER, tags=TAGS, summary="Decide a claim", status_code=200)
async def decide(claim_id: FromPath[UUID], data: JSONBody[Decision], operator: NamedDependency[Actor]) -> Decided:
    """Pays within the caps, or refuses with a reason the resident sees and may appeal."""
    async with database.transaction():
        outcome = await review.decide(
            claim_id, accept=data.accept, reason=data.reason, by=operator.principal, now=clock.utc_now()
        )
    return _decided(outcome)


@get("/v1/operator/appeals", opt=OFFICER, tags=TAGS, summary="Open appeals")
async def list_appeals(operator: NamedDependency[Actor]) -> list[OpenAppeal]:
    """Oldest first."""
    return [OpenAppeal(**row) for row in await review.appeals()]


@post(
    "/v1/operator/appeals/{appeal_id:uuid}/decision",
    opt=OFFICER,
    tags=TAGS,
    summary="Decide an appeal",
    status_code=200,
)
async def decide_appeal(
    appeal_id: FromPath[UUID], data: JSONBody[AppealDecision], operator: NamedDependency[Actor]
) -> Decided:
    """Not by the officer who refused the claim."""
    async with database.transaction():
        outcome = await review.decide_appeal(
            appeal_id, grant=data.grant, answer=data.answer, by=operator.principal, now=clock.utc_now()
        )
    return _decided(outcome)


@get("/v1/claims/reasons", opt={"audience": "public"}, tags=TAGS, summary="Reasons for holding or refusing")
async def list_reasons() -> list[ReasonShown]:
    """Every code with its words in both languages."""
    return [ReasonShown(code=code, zh=text.zh, en=text.en) for code, text in REASONS.items()]


ROUTES = [list_held, decide, list_appeals, decide_appeal, list_reasons]
