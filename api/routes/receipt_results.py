"""The same for anonymous reporters, who show number and receipt code: the case, the judgement, an answer."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.addresses import client_address
from api.limits import wrong_attempts
from api.parts import Parts
from api.routes.results import NO_STORE, Answered, AnswerGiven, Rating, give, judge, with_photos
from domain.cases import views
from domain.cases.satisfaction import Rated
from domain.cases.views import CaseView
from domain.kernel import clock, database
from domain.reports import receipts

TAGS = ["results"]
CODE = {"audience": "public", "limit": "code"}
Number = Annotated[str, msgspec.Meta(min_length=8, max_length=24, examples=["GW-20261121-000137"])]
Code = Annotated[str, msgspec.Meta(min_length=8, max_length=40)]


class ReceiptShown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an anonymous reporter kept."""

    number: Number
    code: Code


class ReceiptRating(Rating, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The judgement of an anonymous reporter."""

    number: Number
    code: Code


class ReceiptAnswer(AnswerGiven, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer of an anonymous reporter; photographs come from `upload_session`."""

    number: Number
    code: Code
    question_id: UUID
    upload_session: Annotated[str, msgspec.Meta(min_length=16, max_length=80)] | None = None


async def _open(request: Request[Any, Any, Any], parts: Parts, *, number: str, code: str) -> UUID:
    address = client_address(request.scope, trusted=parts.settings.trusted_proxies)
    async with wrong_attempts(parts.redis, purpose="receipt", subjects=[address]):
        return await receipts.open_receipt(number=number, code=code)


@post("/v1/receipts/case", opt=CODE, tags=TAGS, summary="The case of an anonymous report", status_code=200)
async def case(
    data: JSONBody[ReceiptShown], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Response[CaseView]:
    """Clocks, questions and results; unknown, wrong and foreign codes look the same."""
    report_id = await _open(request, parts, number=data.number, code=data.code)
    now = clock.utc_now()
    return Response(await with_photos(await views.of_report(report_id, now=now), now=now), headers=NO_STORE)


@post("/v1/receipts/result-rating", opt=CODE, tags=TAGS, summary="Rate an anonymous report's result", status_code=200)
async def rate(
    data: JSONBody[ReceiptRating], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Response[Rated]:
    """The same judgement with number and receipt code; naturally repeatable, so no key is needed."""
    report_id = await _open(request, parts, number=data.number, code=data.code)
    async with database.transaction():
        return Response(await judge(report_id, data, now=clock.utc_now()), headers=NO_STORE)


@post("/v1/receipts/answer", opt=CODE, tags=TAGS, summary="Answer as an anonymous reporter", status_code=200)
async def answer(
    data: JSONBody[ReceiptAnswer], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Response[Answered]:
    """Answers an open question; a second answer is refused with 409."""
    report_id = await _open(request, parts, number=data.number, code=data.code)
    owner = f"anonymous:{data.upload_session}"
    async with database.transaction():
        told = await give(data.question_id, report_id, data, owner=owner, now=clock.utc_now())
    return Response(told, headers=NO_STORE)


ROUTES = [case, rate, answer]
