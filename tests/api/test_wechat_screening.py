"""Photographs looked at by WeChat: asked by address, answered by push, a person where nobody can be asked."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest
from redis.asyncio import Redis

from api.sandbox.wechat_state import Fault
from api.sandbox.wire import Reply, Request, asgi
from api.wechat import push
from api.wechat.client import open_wechat
from api.wechat.screening import image_screener
from domain.kernel.settings import Settings
from domain.reports.screening import NeedsPerson, Unavailable
from media.screening import Asked, Check, Screener
from media.screening import Reply as Verdict
from tests.builders.reports import a_report
from tests.builders.residents import a_resident
from tests.builders.wechat import Sandbox, a_callback, serving

PATH = "/wxa/media_check_async"


@pytest.fixture
async def screener(database: None, redis: Redis, wechat_sandbox: Sandbox) -> AsyncIterator[Screener]:
    wechat_sandbox.world.users.add("oA")
    async with httpx.AsyncClient(trust_env=False) as http:
        yield image_screener(open_wechat(Settings(wechat_url=wechat_sandbox.url), http=http, redis=redis))


def a_check(report: UUID) -> Check:
    return Check(photo=uuid4(), subject=f"report:{report}", url="https://photos.example/large.jpg")


async def look(screener: Screener) -> Verdict:
    resident = await a_resident(openid="oA")
    return await screener(a_check(await a_report(sender=resident.account)))


async def test_wechat_is_asked_and_answers_later(screener: Screener) -> None:
    assert isinstance(await look(screener), Asked)


async def test_nobody_behind_a_report_means_a_person_looks(screener: Screener) -> None:
    assert await screener(a_check(uuid4())) == NeedsPerson("review")


@pytest.mark.parametrize(("errcode", "verdict"), [(45009, Unavailable), (-1, Unavailable), (48001, NeedsPerson)])
async def test_errors_by_meaning(
    screener: Screener, wechat_sandbox: Sandbox, errcode: int, verdict: type[Verdict]
) -> None:
    wechat_sandbox.world.faults.append(Fault(PATH, times=1, errcode=errcode))

    assert isinstance(await look(screener), verdict)


async def test_the_sandbox_fetches_the_picture_and_pushes_the_verdict(
    screener: Screener, wechat_sandbox: Sandbox
) -> None:
    got: asyncio.Queue[bytes] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def callback(request: Request) -> Reply:
        loop.call_soon_threadsafe(got.put_nowait, request.body)
        return Reply(b"success", media_type="text/plain")

    wechat_sandbox.act("media", suggest="risky", label=20002, delay_s=0)
    with serving(asgi(callback)) as url:
        wechat_sandbox.world.callback = a_callback(url, mode="plain", aes_key="")
        asked = await look(screener)
        async with asyncio.timeout(10):
            body = await got.get()

    message = push._parse(body)
    assert isinstance(asked, Asked)
    assert message["trace_id"] == asked.trace
    assert message["result"]["suggest"] == "risky"
    assert message["errcode"] != 0  # photos.example cannot be fetched: media asks once more


def test_the_verdict_is_wired_into_the_push() -> None:
    assert "wxa_media_check" in push.TAKERS
