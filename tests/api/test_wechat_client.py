"""The client against the sandbox over real HTTP: codes, tokens, errors by meaning, the breaker."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from redis.asyncio import Redis

from api.sandbox.wechat_state import Fault
from api.wechat.client import WeChat, open_wechat
from api.wechat.errcodes import Meaning, WeChatRefused, WeChatUnreachable
from api.wechat.login import PhoneUnusable, WeChatCodeRefused, WeChatUserBlocked, identity_of, phone_of
from domain.kernel.errors import TryLater
from domain.kernel.settings import Settings
from tests.builders.wechat import Sandbox

SEND = "/cgi-bin/message/subscribe/send"
LOGIN = "/sns/jscode2session"
FIELDS = {
    "character_string1": "GW-20261121-000137",
    "thing2": "工业废气",
    "phrase3": "已办结",
    "date4": "2026年11月21日 09:05",
    "thing5": "问题已解决",
}


@pytest.fixture
async def wechat(wechat_sandbox: Sandbox, redis: Redis) -> AsyncIterator[WeChat]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield open_wechat(Settings(wechat_url=wechat_sandbox.url), http=http, redis=redis)


async def send(wechat: WeChat, openid: str, **changes: str) -> None:
    await wechat.send_subscribed(
        openid=openid, template_id="TPL-closure", page="pages/index", fields=FIELDS | changes, language="zh_CN"
    )


async def test_a_login_code_becomes_an_identity_once(wechat: WeChat, wechat_sandbox: Sandbox) -> None:
    code = wechat_sandbox.login_code("oA", unionid="uA", session_key="c2Vzc2lvbi1rZXktMTIzNA==")

    identity = await identity_of(wechat, code)

    assert (identity.openid, identity.unionid) == ("oA", "uA")
    assert "oA" not in repr(identity)
    with pytest.raises(WeChatCodeRefused):
        await identity_of(wechat, code)


async def test_a_code_older_than_five_minutes_is_refused(wechat: WeChat, wechat_sandbox: Sandbox) -> None:
    code = wechat_sandbox.login_code("oA")
    wechat_sandbox.act("clock", advance_s=301)

    with pytest.raises(WeChatCodeRefused):
        await identity_of(wechat, code)


@pytest.mark.parametrize("code", ["", "x" * 129, "代码", "a\nb"])
async def test_a_code_of_impossible_shape_costs_no_call(wechat: WeChat, wechat_sandbox: Sandbox, code: str) -> None:
    with pytest.raises(WeChatCodeRefused):
        await identity_of(wechat, code)

    assert wechat_sandbox.world.calls[LOGIN] == 0


@pytest.mark.parametrize(
    ("errcode", "refusal"),
    [(40226, WeChatUserBlocked), (45011, TryLater), (-1, TryLater), (99999, TryLater)],
)
async def test_login_errors_become_refusals(
    wechat: WeChat, wechat_sandbox: Sandbox, errcode: int, refusal: type[Exception]
) -> None:
    wechat_sandbox.world.faults.append(Fault(LOGIN, times=1, errcode=errcode))

    with pytest.raises(refusal):
        await identity_of(wechat, wechat_sandbox.login_code("oA"))


@pytest.mark.parametrize(
    ("phone", "country_code", "e164"),
    [
        ("13800138000", "86", "+8613800138000"),
        ("51234567", "852", "+85251234567"),
        ("66123456", "853", "+85366123456"),
        ("912345678", "886", "+886912345678"),
        ("4155552671", "1", "+14155552671"),
    ],
)
async def test_phone_numbers_of_many_countries(
    wechat: WeChat, wechat_sandbox: Sandbox, phone: str, country_code: str, e164: str
) -> None:
    code = wechat_sandbox.phone_code("oA", phone, country_code=country_code)

    assert e164 == await phone_of(wechat, code)


async def test_a_number_that_cannot_be_is_refused(wechat: WeChat, wechat_sandbox: Sandbox) -> None:
    with pytest.raises(PhoneUnusable):
        await phone_of(wechat, wechat_sandbox.phone_code("oA", "12"))


async def test_one_consent_is_one_message(wechat: WeChat, wechat_sandbox: Sandbox) -> None:
    wechat_sandbox.consent("oA")

    await send(wechat, "oA")

    with pytest.raises(WeChatRefused) as caught:
        await send(wechat, "oA")
    assert Meaning.SPENT is caught.value.meaning
    assert caught.value.rid
    assert len(wechat_sandbox.world.messages) == 1


async def test_a_bad_field_is_named(wechat: WeChat, wechat_sandbox: Sandbox) -> None:
    wechat_sandbox.consent("oA")

    with pytest.raises(WeChatRefused) as caught:
        await send(wechat, "oA", phrase3="closed")

    assert (caught.value.meaning, caught.value.field) == (Meaning.DATA, "phrase3")
    assert wechat_sandbox.world.credits["oA", "TPL-closure"] == 1


async def test_many_processes_share_one_token(wechat: WeChat, wechat_sandbox: Sandbox, redis: Redis) -> None:
    wechat_sandbox.consent("oA")
    wechat_sandbox.world.credits["oA", "TPL-closure"] = 30
    others = [open_wechat(Settings(wechat_url=wechat_sandbox.url), http=wechat.http, redis=redis) for _ in range(15)]

    await asyncio.gather(*(send(other, "oA") for other in (*others, wechat)))

    assert wechat_sandbox.world.calls["/cgi-bin/stable_token"] == 1
    stored = await redis.get(f"wechat:token:{wechat.appid}")
    assert stored
    assert next(iter(wechat_sandbox.world.tokens)).encode() not in stored  # sealed, not in clear


async def test_a_token_that_expires_in_the_middle_is_replaced_once(wechat: WeChat, wechat_sandbox: Sandbox) -> None:
    wechat_sandbox.consent("oA")
    wechat_sandbox.world.credits["oA", "TPL-closure"] = 20
    await send(wechat, "oA")
    wechat_sandbox.act("tokens/expire")

    await asyncio.gather(*(send(wechat, "oA") for _ in range(10)))

    assert len(wechat_sandbox.world.messages) == 11
    assert wechat_sandbox.world.calls["/cgi-bin/stable_token"] == 2


async def test_a_token_is_renewed_before_it_dies(wechat: WeChat, wechat_sandbox: Sandbox) -> None:
    first = await wechat.tokens.get()
    wechat.tokens.now = wechat_sandbox.world.now
    wechat_sandbox.act("clock", advance_s=7_200 - 299)

    second = await wechat.tokens.get()

    assert first != second
    assert {first, second} == set(wechat_sandbox.world.tokens)  # both work in the window


async def test_without_redis_each_process_asks_for_itself(wechat_sandbox: Sandbox) -> None:
    nowhere = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.2)
    wechat_sandbox.consent("oA")
    async with httpx.AsyncClient(trust_env=False) as http:
        wechat = open_wechat(Settings(wechat_url=wechat_sandbox.url), http=http, redis=nowhere)

        await send(wechat, "oA")

    assert len(wechat_sandbox.world.messages) == 1


async def test_silence_opens_the_breaker_and_then_nobody_calls(wechat: WeChat, wechat_sandbox: Sandbox) -> None:
    await wechat.tokens.get()
    wechat_sandbox.world.faults.append(Fault(SEND, times=50, status=502))
    for _ in range(5):
        with pytest.raises(WeChatUnreachable):
            await send(wechat, "oA")

    with pytest.raises(WeChatUnreachable) as caught:
        await send(wechat, "oA")

    assert caught.value.retry_after_s
    assert wechat_sandbox.world.faults[0].times == 45


async def test_chinese_leaves_as_real_characters(wechat: WeChat, wechat_sandbox: Sandbox) -> None:
    await identity_of(wechat, wechat_sandbox.login_code("oA"))

    verdict = await wechat.check_text(openid="oA", content="这里有赌博网站广告", scene=3)

    assert verdict.result.suggest == "risky"


async def test_a_code_image_comes_as_bytes_and_its_error_as_json(wechat: WeChat) -> None:
    image = await wechat.unlimited_code(scene="r=GW-20261121-000137", page="pages/report/detail")

    assert image.startswith(b"\x89PNG")
    with pytest.raises(WeChatRefused):
        await wechat.unlimited_code(scene="举报", page="pages/report/detail")


async def test_nothing_personal_reaches_the_log(
    wechat: WeChat, wechat_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="api")
    wechat_sandbox.consent("o-secret-person", answer="reject")

    with pytest.raises(WeChatRefused):
        await send(wechat, "o-secret-person")

    assert "wechat_refused" in caplog.text
    assert all(
        "secret-person" not in str(record.__dict__) for record in caplog.records if record.name.startswith("api")
    )
