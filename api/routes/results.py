"""What a reporter says back: the judgement of a result and the answer to a question."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post

from api.actors import Actor
from api.addresses import client_address
from api.idempotency import IdempotencyKey, once
from api.limits import wrong_attempts
from api.parts import Parts
from domain.cases import questions, satisfaction, views
from domain.cases.satisfaction import Judgement, Rated
from domain.cases.views import CaseView
from domain.kernel import clock, database
from domain.kernel.errors import NotFound
from domain.reports import receipts, reporters

TAGS = ["results"]


class Rating(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The judgement of one round's result."""

    solved: Annotated[
        bool, msgspec.Meta(description="解决了吗 `false` opens a new round within 30 days of the closure")
    ]
    satisfied: Annotated[bool, msgspec.Meta(description="满意吗")]
    how: Annotated[int, msgspec.Meta(ge=1, le=5, description="1 very poor to 5 very good")] | None = None
    text: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    round: Annotated[int, msgspec.Meta(ge=1, le=100, description="the latest closed round when left out")] | None = None


class ReceiptRating(Rating, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The judgement of an anonymous reporter, with number and receipt code."""

    number: Annotated[str, msgspec.Meta(min_length=8, max_length=24)]
    code: Annotated[str, msgspec.Meta(min_length=8, max_length=40)]


class AnswerText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer to a question of the platform or the bureau."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The answer was stored; the clocks run again."""

    question_id: UUID


async def _own(resident: Actor, report_id: UUID) -> None:
    if not await reporters.owns(resident.id, report_id=report_id):
        raise NotFound


@get("/v1/reports/{report_id:uuid}/case", opt={"audience": "resident"}, tags=TAGS, summary="The case of my report")
async def case_of_my_report(report_id: UUID, resident: Actor) -> CaseView:
    """Where the case stands: every clock with its due moment and light, open questions, the result of each round."""
    await _own(resident, report_id)
    return await views.of_report(report_id, now=clock.utc_now())


@post(
    "/v1/reports/{report_id:uuid}/result-rating",
    opt={"audience": "resident"},
    tags=TAGS,
    summary="Rate the result",
    status_code=200,
)
async def rate(
    report_id: UUID, data: Rating, request: Request[Any, Any, Any], resident: Actor, key: IdempotencyKey
) -> Response[Rated]:
    """One answer per reporter and round, changeable for 7 days. "Not solved" hands the case over again as a new round.

    After the last allowed round "not solved" becomes a request for review.
    """
    now = clock.utc_now()
    async with database.transaction():
        await _own(resident, report_id)
        return await once(
            request, actor=resident, key=key, now=now, status=200, work=lambda: _rate(report_id, data, now)
        )


async def _rate(report_id: UUID, data: Rating, now: Any) -> Rated:
    said = Judgement(solved=data.solved, satisfied=data.satisfied, how=data.how, text=data.text)
    return await satisfaction.rate(report_id, said, round_=data.round, now=now)


@post(
    "/v1/receipts/result-rating",
    opt={"audience": "public", "limit": "code"},
    tags=TAGS,
    summary="Rate the result of an anonymous report",
    status_code=200,
)
async def rate_by_receipt(data: ReceiptRating, request: Request[Any, Any, Any], parts: Parts) -> Rated:
    """The same judgement with number and receipt code; naturally repeatable, so no key is needed."""
    now = clock.utc_now()
    address = client_address(request.scope, trusted=parts.settings.trusted_proxies)
    async with wrong_attempts(parts.redis, purpose="receipt", subjects=[address]):
        report_id = await receipts.open_receipt(number=data.number, code=data.code)
    async with database.transaction():
        return await _rate(report_id, data, now)


@post(
    "/v1/reports/{report_id:uuid}/questions/{question_id:uuid}/answer",
    opt={"audience": "resident"},
    tags=TAGS,
    summary="Answer a question",
    status_code=200,
)
async def answer(
    report_id: UUID,
    question_id: UUID,
    data: AnswerText,
    request: Request[Any, Any, Any],
    resident: Actor,
    key: IdempotencyKey,
) -> Response[Answered]:
    """Sends the answer to the platform; the handling clocks, which rested, run again."""
    now = clock.utc_now()

    async def work() -> Answered:
        await questions.answer(question_id, report_id=report_id, text=data.text, photos=0, now=now)
        return Answered(question_id=question_id)

    async with database.transaction():
        await _own(resident, report_id)
        return await once(request, actor=resident, key=key, now=now, status=200, work=work)


ROUTES = [case_of_my_report, rate, rate_by_receipt, answer]
