"""What a reporter sees of the case and says back: the result's judgement, the answer to a question."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from api.idempotency import IdempotencyKey, once
from domain.cases import questions, satisfaction, views
from domain.cases.satisfaction import Judgement, Rated
from domain.cases.views import CaseView
from domain.kernel import clock, database
from domain.kernel.errors import NotFound
from domain.reports import reporters
from media import intake, links

TAGS = ["results"]
NO_STORE = {"Cache-Control": "no-store"}
PHOTOS_MAX = 9
LINK_LIFETIME = timedelta(hours=1)


class Rating(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The judgement of one round's result."""

    solved: Annotated[
        bool, msgspec.Meta(description="解决了吗 `false` opens a new round within 30 days of the closure")
    ]
    satisfied: Annotated[bool, msgspec.Meta(description="满意吗")]
    how: Annotated[int, msgspec.Meta(ge=1, le=5, description="1 very poor to 5 very good")] | None = None
    text: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    round: Annotated[int, msgspec.Meta(ge=1, le=100, description="the latest closed round when left out")] | None = None


class AnswerGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer to a question of the platform or the bureau."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    photo_ids: Annotated[list[UUID], msgspec.Meta(max_length=PHOTOS_MAX)] = []


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The answer was stored; the clocks run again."""

    question_id: UUID


async def with_photos(case: CaseView, *, now: datetime) -> CaseView:
    """The case with links to the platform's photographs, which work for an hour."""
    if not case.photos:
        return case
    urls = await links.links_of_subjects([found.subject for found in case.photos], now + LINK_LIFETIME)
    shown = [msgspec.structs.replace(found, urls=urls.get(found.subject, [])) for found in case.photos]
    return msgspec.structs.replace(case, photos=shown)


async def judge(report_id: UUID, data: Rating, *, now: datetime) -> Rated:
    """Stores the judgement in the caller's transaction."""
    said = Judgement(solved=data.solved, satisfied=data.satisfied, how=data.how, text=data.text)
    return await satisfaction.rate(report_id, said, round_=data.round, now=now)


async def give(question_id: UUID, report_id: UUID, data: AnswerGiven, *, owner: str, now: datetime) -> Answered:
    """Stores an answer with its photographs in the caller's transaction."""
    await questions.answer(question_id, report_id=report_id, text=data.text, photos=len(data.photo_ids), now=now)
    if data.photo_ids:
        await intake.claim_photos(owner=owner, photo_ids=data.photo_ids, subject=f"question:{question_id}", now=now)
    return Answered(question_id=question_id)


async def _own(resident: Actor, report_id: UUID) -> None:
    if not await reporters.owns(resident.id, report_id=report_id):
        raise NotFound


@get("/v1/reports/{report_id:uuid}/case", opt={"audience": "resident"}, tags=TAGS, summary="The case of my report")
async def case_of_my_report(report_id: FromPath[UUID], resident: NamedDependency[Actor]) -> Response[CaseView]:
    """Where the case stands: every clock with its due moment and light, open questions, the result of each round."""
    await _own(resident, report_id)
    now = clock.utc_now()
    return Response(await with_photos(await views.of_report(report_id, now=now), now=now), headers=NO_STORE)


@post(
    "/v1/reports/{report_id:uuid}/result-rating",
    opt={"audience": "resident"},
    tags=TAGS,
    summary="Rate the result",
    status_code=200,
)
async def rate(
    report_id: FromPath[UUID],
    data: JSONBody[Rating],
    request: Request[Any, Any, Any],
    resident: NamedDependency[Actor],
    key: IdempotencyKey,
) -> Response[Rated]:
    """One answer per reporter and round, changeable for 7 days. "Not solved" hands the case over again as a new round.

    After the last allowed round "not solved" becomes a request for review.
    """
    now = clock.utc_now()

    async def work() -> Rated:
        return await judge(report_id, data, now=now)

    async with database.transaction():
        await _own(resident, report_id)
        return await once(request, actor=resident, key=key, now=now, status=200, work=work)


@post(
    "/v1/reports/{report_id:uuid}/questions/{question_id:uuid}/answer",
    opt={"audience": "resident"},
    tags=TAGS,
    summary="Answer a question",
    status_code=200,
)
async def answer(
    report_id: FromPath[UUID],
    question_id: FromPath[UUID],
    data: JSONBody[AnswerGiven],
    request: Request[Any, Any, Any],
    resident: NamedDependency[Actor],
    key: IdempotencyKey,
) -> Response[Answered]:
    """Sends the answer and its photographs to the platform; the handling clocks, which rested, run again."""
    now = clock.utc_now()

    async def work() -> Answered:
        return await give(question_id, report_id, data, owner=resident.principal, now=now)

    async with database.transaction():
        await _own(resident, report_id)
        return await once(request, actor=resident, key=key, now=now, status=200, work=work)


ROUTES = [case_of_my_report, rate, answer]
