"""Appeals against a term of one's score, and the officers who answer them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from domain.kernel import clock, database
from rewards import score_appeals
from rewards.score_appeals import Outcome

TAGS = ["score"]
RESIDENT = {"audience": "resident"}


class ScoreAppealSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which term, and what is wrong with it."""

    term: Annotated[str, msgspec.Meta(max_length=20, examples=["volunteering"])]
    words: Annotated[str, msgspec.Meta(min_length=2, max_length=500)]


class ScoreAppealTaken(msgspec.Struct, frozen=True, kw_only=True):
    """A person answers by the end of `due_on`."""

    appeal: UUID
    due_on: date


class ScoreAppealShown(msgspec.Struct, frozen=True, kw_only=True):
    """An appeal with the term as it stood when it was made."""

    id: UUID
    term: str
    words: str
    round: int
    value: int
    points: str
    awards: list[UUID]
    made_at: datetime
    due_on: date
    late: bool
    outcome: str | None
    answer: str | None


class ScoreAppealAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`corrected` after the ledger was put right, else `upheld`; with words for the resident."""

    outcome: Outcome
    answer: Annotated[str, msgspec.Meta(min_length=2, max_length=500)]


@post("/v1/me/score/appeals", opt=RESIDENT, tags=TAGS, summary="Appeal a term of my score")
async def make(data: JSONBody[ScoreAppealSent], resident: NamedDependency[Actor]) -> ScoreAppealTaken:
    """A person looks at it. A second appeal of the same term goes to another person."""
    async with database.transaction():
        appeal, due = await score_appeals.make(resident.id, term=data.term, words=data.words, now=clock.utc_now())
    return ScoreAppealTaken(appeal=appeal, due_on=due)


@get("/v1/me/score/appeals", opt=RESIDENT, tags=TAGS, summary="My score appeals")
async def list_mine(resident: NamedDependency[Actor]) -> list[ScoreAppealShown]:
    """Newest first."""
    return [ScoreAppealShown(**row) for row in await score_appeals.mine(resident.id, now=clock.utc_now())]


@get("/v1/operator/score-appeals", opt={"audience": "operator"}, tags=TAGS, summary="Open score appeals")
async def list_open(operator: NamedDependency[Actor]) -> list[ScoreAppealShown]:
    """The nearest term first; one term with its awards, never the resident or the whole score."""
    return [ScoreAppealShown(**row) for row in await score_appeals.waiting(now=clock.utc_now())]


@post(
    "/v1/operator/score-appeals/{appeal:uuid}/answer",
    opt={"audience": "operator"},
    tags=TAGS,
    summary="Answer a score appeal",
    status_code=204,
)
async def answer(appeal: FromPath[UUID], data: JSONBody[ScoreAppealAnswer], operator: NamedDependency[Actor]) -> None:
    """Once; the second round by another officer."""
    async with database.transaction():
        await score_appeals.decide(
            appeal, outcome=data.outcome, answer=data.answer, by=operator.principal, now=clock.utc_now()
        )


ROUTES = [make, list_mine, list_open, answer]
