"""WeChat's pushes at our callback: verified, decrypted, taken once, in every format."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from api.sandbox.wechat_control import consent_event
from api.sandbox.wechat_push import envelope
from api.sandbox.wechat_state import TEMPLATES_SETTING
from domain.kernel import database as kernel_database
from domain.kernel import settings as process_settings
from domain.kernel.settings import Settings
from notifications import consents, recipients
from tests.builders.residents import a_resident
from tests.builders.wechat import AES_KEY, PUSH_TOKEN, a_callback

PUSH = "/v1/wechat/push"
APPID = Settings().wechat_appid


@pytest.fixture
def settings(settings: Settings) -> Settings:
    chosen = msgspec.structs.replace(
        settings,
        wechat_push_token=PUSH_TOKEN,
        wechat_push_aes_key=AES_KEY,
        wechat_templates=TEMPLATES_SETTING,
    )
    process_settings.use(chosen)
    return chosen


@pytest.fixture
async def plain_api(settings: Settings, redis: Redis) -> AsyncIterator[httpx.AsyncClient]:
    """An API whose push is configured without encryption."""
    from api.app import create_app

    app = create_app(msgspec.structs.replace(settings, wechat_push_aes_key=""))
    async with app.lifespan(), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


def an_event(openid: str = "oA", answer: str = "accept", **changes: Any) -> dict[str, Any]:
    event = consent_event((openid, "TPL-closure"), answer=answer, in_settings=False)
    return {"ToUserName": "gh_1", "CreateTime": 1_763_700_000, "MsgType": "event"} | event | changes


async def push(api: httpx.AsyncClient, event: dict[str, Any], **form: str) -> httpx.Response:
    query, body = envelope(a_callback(PUSH, **form), event, appid=APPID, timestamp="1763700000")
    kind = "text/xml" if form.get("format") == "xml" else "application/json"
    return await api.post(PUSH, params=query, content=body, headers={"Content-Type": kind})


async def credits_of(openid: str) -> list[tuple[int, bool]]:
    resident = await a_resident(openid=openid)
    found = await consents.credits_of(recipients.tag_of(resident.account))
    return [(credit.available, credit.blocked) for credit in found]


async def test_the_address_check_echoes(api: httpx.AsyncClient) -> None:
    query, _ = envelope(a_callback(PUSH, mode="plain"), an_event(), appid=APPID, timestamp="1763700000")

    answer = await api.get(PUSH, params=query | {"echostr": "4375120948345356249"})
    forged = await api.get(PUSH, params=query | {"echostr": "1", "nonce": "other"})

    assert (answer.status_code, answer.text) == (200, "4375120948345356249")
    assert forged.status_code == 403


@pytest.mark.parametrize("mode", ["safe", "compatible"])
@pytest.mark.parametrize("form", ["json", "xml"])
async def test_an_acceptance_adds_one_credit_in_every_format(api: httpx.AsyncClient, form: str, mode: str) -> None:
    await a_resident(openid="oA")

    answer = await push(api, an_event(), format=form, mode=mode)

    assert (answer.status_code, answer.text) == (200, "success")
    assert await credits_of("oA") == [(1, False)]


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_a_push_without_encryption_is_taken_in_both_formats(plain_api: httpx.AsyncClient, form: str) -> None:
    await a_resident(openid="oA")

    answers = [await push(plain_api, an_event(), format=form, mode="plain") for _ in range(3)]

    assert [answer.text for answer in answers] == ["success"] * 3
    assert await credits_of("oA") == [(1, False)]


async def test_the_same_push_three_times_counts_once(api: httpx.AsyncClient) -> None:
    await a_resident(openid="oA")

    for _ in range(3):
        assert (await push(api, an_event())).text == "success"

    assert await credits_of("oA") == [(1, False)]


async def test_an_app_report_and_a_push_about_one_tap_count_once(api: httpx.AsyncClient) -> None:
    resident = await a_resident(openid="oA")
    body = {"answers": [{"template_id": "TPL-closure", "answer": "accept"}]}
    reported = await api.post("/v1/consents", json=body, headers=resident.headers | {"Idempotency-Key": "prompt-1"})

    from time import time

    await push(api, an_event(CreateTime=int(time())))

    assert reported.status_code == 201
    assert next(c for c in reported.json()["consents"] if c["template_id"] == "TPL-closure")["available"] == 1
    assert await credits_of("oA") == [(1, False)]


async def test_a_list_of_answers_is_taken_whole(api: httpx.AsyncClient) -> None:
    await a_resident(openid="oA")
    items = [
        {"TemplateId": "TPL-closure", "SubscribeStatusString": "accept", "PopupScene": "0"},
        {"TemplateId": "TPL-points", "SubscribeStatusString": "reject", "PopupScene": "0"},
    ]

    for form in ("json", "xml"):
        await push(api, an_event(SubscribeMsgPopupEvent={"List": items}, CreateTime=len(form)), format=form)

    assert await credits_of("oA") == [(2, False), (0, False)]


async def test_a_ban_and_a_switch_in_the_settings_block_until_accepted_again(api: httpx.AsyncClient) -> None:
    await a_resident(openid="oA")
    await push(api, an_event())
    off = consent_event(("oA", "TPL-closure"), answer="reject", in_settings=True)

    await push(api, {"ToUserName": "gh_1", "CreateTime": 2, "MsgType": "event"} | off)
    assert await credits_of("oA") == [(0, True)]

    await push(api, an_event(CreateTime=3))
    assert await credits_of("oA") == [(1, False)]


@pytest.mark.parametrize(
    "spoil",
    [
        {"msg_signature": "0" * 40},
        {"nonce": "other"},
        {"msg_signature": ""},
    ],
)
async def test_a_forged_push_changes_nothing(api: httpx.AsyncClient, spoil: dict[str, str]) -> None:
    await a_resident(openid="oA")
    query, body = envelope(a_callback(PUSH), an_event(), appid=APPID, timestamp="1763700000")

    answer = await api.post(PUSH, params=query | spoil, content=body)

    assert answer.status_code == 403
    assert await credits_of("oA") == []


async def test_plain_fields_beside_the_encrypted_part_are_ignored(api: httpx.AsyncClient) -> None:
    """A forger who replays an old signed Encrypt cannot put words beside it."""
    await a_resident(openid="oA")
    query, body = envelope(a_callback(PUSH), an_event(openid="o-nobody"), appid=APPID, timestamp="1763700000")
    mixed = msgspec.json.decode(body) | an_event(openid="oA")

    await api.post(PUSH, params=query, content=msgspec.json.encode(mixed))

    assert await credits_of("oA") == []


async def test_a_push_for_another_appid_is_forged(api: httpx.AsyncClient) -> None:
    query, body = envelope(a_callback(PUSH), an_event(), appid="wx-other", timestamp="1763700000")

    assert (await api.post(PUSH, params=query, content=body)).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1]",
        b"<xml>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><a>&a;</a></xml>',
        b"<xml>" * 5_000,
        b"\xff\xfe",
        b"x" * 70_000,
    ],
)
async def test_hostile_bodies_are_refused(plain_api: httpx.AsyncClient, body: bytes) -> None:
    query, _ = envelope(a_callback(PUSH, mode="plain"), an_event(), appid=APPID, timestamp="1763700000")

    answer = await plain_api.post(PUSH, params=query, content=body)

    assert answer.status_code == 403


async def test_the_phone_confirms_a_delivery(api: httpx.AsyncClient) -> None:
    from notifications.tables import NoticeDelivery
    from tests.builders.notifications import a_case, deliveries, happened
    from tests.builders.reports import a_report
    from tests.notifications.test_announcing import NOON, closed

    resident = await a_resident(openid="oA")
    await push(api, an_event())
    await happened(closed(await a_case(await a_report(sender=resident.account))), now=NOON)
    await NoticeDelivery.update({"state": "sent", "reason": "ok", "provider_ref": "2000000007"}, force=True)
    item = {"TemplateId": "TPL-closure", "MsgID": "2000000007", "ErrorCode": "0", "ErrorStatus": "success"}
    sent = an_event(Event="subscribe_msg_sent_event", SubscribeMsgSentEvent={"List": item})
    del sent["SubscribeMsgPopupEvent"]

    await push(api, sent)

    assert await deliveries() == [("wechat", "confirmed", "arrived")]
    assert await kernel_database.fetch_value("select count(*) from push_receipt") == 2
