"""Messages to the chief of a river: sent by residents, answered by the chief's signed link or an officer."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter

from api.actors import Actor, require_role
from api.idempotency import IdempotencyKey, once
from domain.disclosure import chief_messages
from domain.disclosure.chief_messages import TOKEN_CHARS, Message
from domain.kernel import clock, database
from domain.kernel.geo import require_place
from media.intake import claim_photos

Code = Annotated[str, PathParameter(max_length=40, description="River code")]
Token = Annotated[str, QueryParameter(min_length=TOKEN_CHARS, max_length=TOKEN_CHARS, description="Of the signed link")]
PHOTOS_MAX = 9


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place in WGS-84 degrees."""

    lng: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]


class NewMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a resident writes to the chief."""

    text: Annotated[str, msgspec.Meta(min_length=2, max_length=500)]
    photo_ids: Annotated[list[UUID], msgspec.Meta(max_length=PHOTOS_MAX)] = []
    place: Place | None = None


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The message's id; its state is under `/v1/me/chief-messages`."""

    id: UUID


class AnswerText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The chief's answer."""

    text: Annotated[str, msgspec.Meta(min_length=2, max_length=2_000)]


class Stars(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How good the answer was."""

    stars: Annotated[int, msgspec.Meta(ge=1, le=5)]


@post("/v1/rivers/{code:str}/messages", opt={"audience": "resident"}, tags=["rivers"], summary="Write to the chief")
async def send(
    request: Request[Any, Any, Any],
    resident: NamedDependency[Actor],
    key: IdempotencyKey,
    code: Code,
    data: JSONBody[NewMessage],
) -> Response[Sent]:
    """Goes to the chief of the lowest level; unanswered in time it goes up a level. Who wrote is never shown."""
    now = clock.utc_now()

    async def work() -> Sent:
        place = require_place(data.place.lng, data.place.lat) if data.place else None
        made = await chief_messages.send(
            code, account=resident.id, text=data.text, photos=data.photo_ids, place=place, now=now
        )
        if data.photo_ids:
            owner, subject = f"account:{resident.id}", f"chief-message:{made}"
            await claim_photos(owner=owner, photo_ids=data.photo_ids, subject=subject, now=now)
        return Sent(id=made)

    async with database.transaction():
        return await once(request, actor=resident, key=key, now=now, work=work)


@get("/v1/me/chief-messages", opt={"audience": "resident"}, tags=["rivers"], summary="My messages to chiefs")
async def mine(resident: NamedDependency[Actor]) -> list[Message]:
    """My messages with their steps, due day and answer, newest first."""
    return await chief_messages.mine(resident.id, today=clock.local_day(clock.utc_now()))


@post(
    "/v1/me/chief-messages/{message:uuid}/rating",
    opt={"audience": "resident"},
    tags=["rivers"],
    summary="Rate an answer",
    status_code=204,
)
async def rate(resident: NamedDependency[Actor], message: FromPath[UUID], data: JSONBody[Stars]) -> None:
    """Rates the answer to my message, once."""
    async with database.transaction():
        await chief_messages.rate(message, account=resident.id, stars=data.stars, now=clock.utc_now())


@get("/v1/chief-messages/{message:uuid}", opt={"audience": "public"}, tags=["rivers"], summary="Open a signed link")
async def opened(message: FromPath[UUID], token: Token) -> Response[Message]:
    """The message for the chief who holds the link."""
    found = await chief_messages.by_link(message, token, today=clock.local_day(clock.utc_now()))
    return Response(found, headers={"Cache-Control": "no-store"})


@post(
    "/v1/chief-messages/{message:uuid}/answer",
    opt={"audience": "public"},
    tags=["rivers"],
    summary="Answer by signed link",
    status_code=204,
)
async def answer_by_link(message: FromPath[UUID], token: Token, data: JSONBody[AnswerText]) -> None:
    """The chief answers, once; a link of an earlier level no longer opens anything."""
    now = clock.utc_now()
    async with database.transaction():
        await chief_messages.by_link(message, token, today=clock.local_day(now))
        await chief_messages.answer(message, text=data.text, by="chief", now=now)


@get("/v1/operator/chief-messages", opt={"audience": "operator"}, tags=["operator"], summary="Messages to chiefs")
async def waiting() -> list[Message]:
    """Unanswered messages, the most urgent first, each with the link to pass on to the chief."""
    return await chief_messages.waiting(today=clock.local_day(clock.utc_now()))


@post(
    "/v1/operator/chief-messages/{message:uuid}/answer",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="Answer for a chief",
    status_code=204,
)
async def answer_for_chief(
    operator: NamedDependency[Actor], message: FromPath[UUID], data: JSONBody[AnswerText]
) -> None:
    """An officer answers in the chief's place."""
    require_role(operator, "clerk", "reviewer")
    async with database.transaction():
        await chief_messages.answer(message, text=data.text, by=operator.principal, now=clock.utc_now())


ROUTES = [send, mine, rate, opened, answer_by_link, waiting, answer_for_chief]
