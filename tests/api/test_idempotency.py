"""`once`: the first answer to a key is the answer, byte for byte, and the effect happens once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from litestar import Litestar, Request, Response, post
from litestar.params import JSONBody

from api import problems
from api.idempotency import REPLAYED, IdempotencyKey, once
from domain.kernel import clock, database, idempotency
from domain.kernel.errors import Invalid, Text

KEY = {"Idempotency-Key": "a-key-of-the-phone"}


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: Annotated[str, msgspec.Meta(max_length=40)]


class Granted(msgspec.Struct, frozen=True):
    id: str
    words: str


@post("/wishes")
async def wish(request: Request[Any, Any, Any], data: JSONBody[Wish], key: IdempotencyKey) -> Response[Granted]:
    async def grant() -> Granted:
        await database.execute("insert into reward_wish values ($1)", data.words)
        if data.words == "slow":
            await asyncio.sleep(0.3)
        if data.words == "refused":
            raise Invalid(Text("不行", "no"))
        return Granted(id=uuid4().hex, words=data.words)

    async with database.transaction():
        return await once(
            request, actor=request.headers.get("x-caller", "resident:1"), key=key, work=grant, now=clock.utc_now()
        )


@pytest.fixture
async def wishes(database: None) -> AsyncIterator[httpx.AsyncClient]:
    from domain.kernel import database as kernel

    await kernel.execute("create table reward_wish (words text)")
    app = Litestar([wish], exception_handlers=problems.HANDLERS, openapi_config=None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def granted() -> int:
    return await database.fetch_value("select count(*) from reward_wish")


async def test_a_replay_is_byte_equal_marked_and_without_effect(wishes: httpx.AsyncClient) -> None:
    first = await wishes.post("/wishes", json={"words": "rain"}, headers=KEY)
    second = await wishes.post("/wishes", json={"words": "rain"}, headers=KEY)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert REPLAYED not in first.headers
    assert second.headers[REPLAYED] == "true"
    assert await granted() == 1


async def test_the_same_key_with_another_body_is_422(wishes: httpx.AsyncClient) -> None:
    await wishes.post("/wishes", json={"words": "rain"}, headers=KEY)

    other = await wishes.post("/wishes", json={"words": "sun"}, headers=KEY)

    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert await granted() == 1


async def test_a_running_twin_is_409_and_only_one_takes_effect(wishes: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(wishes.post("/wishes", json={"words": "slow"}, headers=KEY) for _ in range(5)))

    codes = sorted(answer.status_code for answer in answers)
    assert codes.count(201) == 1
    assert set(codes) == {201, 409}
    twin = next(answer for answer in answers if answer.status_code == 409)
    assert twin.headers["retry-after"] == "1"
    assert await granted() == 1


@pytest.mark.parametrize("key", [None, "", "short", "x" * 81, "with space inside", "中文钥匙中文钥匙"])
async def test_a_missing_or_unfit_key_is_400(wishes: httpx.AsyncClient, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key.encode()}
    answer = await wishes.post("/wishes", json={"words": "rain"}, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["code"] in {"idempotency-key-missing", "validation-failed"}
    assert key is not None or answer.json()["code"] == "idempotency-key-missing"


async def test_a_refusal_is_not_remembered(wishes: httpx.AsyncClient) -> None:
    refused = await wishes.post("/wishes", json={"words": "refused"}, headers=KEY)
    allowed = await wishes.post("/wishes", json={"words": "rain"}, headers=KEY)

    assert (refused.status_code, allowed.status_code) == (400, 201)
    assert await granted() == 1


async def test_keys_of_two_callers_are_two_keys(wishes: httpx.AsyncClient) -> None:
    await wishes.post("/wishes", json={"words": "rain"}, headers=KEY)
    other = await wishes.post("/wishes", json={"words": "sun"}, headers=KEY | {"X-Caller": "resident:2"})

    assert other.status_code == 201
    assert await granted() == 2


async def test_answers_are_kept_for_seven_days(wishes: httpx.AsyncClient) -> None:
    await wishes.post("/wishes", json={"words": "rain"}, headers=KEY)
    now = clock.utc_now()

    await idempotency.forget_old(now=now + idempotency.KEPT - timedelta(minutes=1))
    kept = await wishes.post("/wishes", json={"words": "rain"}, headers=KEY)
    await idempotency.forget_old(now=now + idempotency.KEPT * 2)
    again = await wishes.post("/wishes", json={"words": "rain"}, headers=KEY)

    assert kept.headers.get(REPLAYED) == "true"
    assert REPLAYED not in again.headers
