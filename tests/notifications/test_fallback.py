"""From one channel to the next: the inbox always, WeChat where allowed, SMS for those who chose it. One of each."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from redis.asyncio import Redis

from api.sandbox.sms import KEY_ID, SECRET, Carrier, create_app
from api.sandbox.wechat_state import Fault
from api.wechat.push import message_sent
from domain.kernel import clock, leases
from domain.kernel import database as kernel_database
from domain.kernel.leases import Sender
from domain.kernel.settings import Settings
from domain.residents import phones
from notifications import inbox, preferences, sending
from notifications.breaker import Breaker
from notifications.channels.sms import SmsChannel
from notifications.channels.sms_providers import provider
from notifications.preferences import Preferences
from tests.builders.notifications import a_case, deliveries, happened, send_due
from tests.builders.reports import a_report
from tests.builders.residents import Resident, a_resident
from tests.builders.wechat import Sandbox, serving
from tests.notifications.test_announcing import NOON, SEND, allow, closed, senders
from tests.notifications.test_sms import TEMPLATES

__all__ = ["senders"]


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


@pytest.fixture
async def both(senders: dict[str, Sender], carrier: Carrier, redis: Redis) -> AsyncIterator[dict[str, Sender]]:
    """WeChat and a carrier, both real servers."""
    with serving(create_app(carrier)) as url:
        async with httpx.AsyncClient(trust_env=False) as http:
            chosen = Settings(sms_provider="aliyun", sms_url=url, sms_key_id=KEY_ID, sms_key_secret=SECRET)
            wire = provider(chosen, http=http, breaker=Breaker(redis=redis, provider="sms"))
            yield senders | {"sms": sending.sender(SmsChannel(provider=wire, templates=TEMPLATES, sign="绿哨", fen=5))}


async def somebody(*, sms: bool = True) -> tuple[Resident, UUID]:
    """Somebody with a phone, who chose SMS for results or did not, and the case of their report."""
    resident = await a_resident(openid="oA")
    topics = frozenset({"closure"}) if sms else frozenset()
    async with kernel_database.transaction():
        await phones.bind(resident.account, phone=phones.read("13800138000"), proof="sms", now=NOON)
        chosen = Preferences(sms_topics=topics, quiet_from=None, quiet_to=None)
        await preferences.save(resident.account, chosen, now=NOON)
    return resident, await a_case(await a_report(sender=resident.account))


async def phone_refuses(sandbox: Sandbox, *, times: int = 1) -> None:
    """What WeChat pushes when the phone would not take the message."""
    number = str(sandbox.world.messages[-1]["msgid"])
    item = {"TemplateId": "TPL-closure", "MsgID": number, "ErrorCode": "43101", "ErrorStatus": "user refuse"}
    for _ in range(times):
        async with kernel_database.transaction():
            await message_sent({"SubscribeMsgSentEvent": {"List": item}}, clock.utc_now())


async def test_wechat_refuses_the_inbox_has_it_and_an_sms_goes_out(
    both: dict[str, Sender], wechat_sandbox: Sandbox, carrier: Carrier
) -> None:
    resident, case = await somebody()
    await allow(resident, wechat_sandbox, "oA")
    wechat_sandbox.world.credits.clear()  # the person switched it off; nobody told us

    await happened(closed(case), now=NOON)
    assert await send_due(both) == ["Done"]
    assert await send_due(both) == ["Done"]

    assert await deliveries() == [("wechat", "refused", "consent-spent"), ("sms", "sent", "ok")]
    assert len(carrier.messages) == 1
    assert await inbox.unread(resident.account, now=NOON) == 1


async def test_the_phone_refuses_after_wechat_took_it_and_one_sms_goes_out(
    both: dict[str, Sender], wechat_sandbox: Sandbox, carrier: Carrier
) -> None:
    resident, case = await somebody()
    await allow(resident, wechat_sandbox, "oA")
    await happened(closed(case), now=NOON)
    await send_due(both)
    before = await deliveries()

    await phone_refuses(wechat_sandbox, times=3)
    outcomes = await send_due(both) + await send_due(both)

    assert before == [("wechat", "sent", "ok")]
    assert outcomes == ["Done"]
    assert await deliveries() == [("wechat", "refused", "phone-refused"), ("sms", "sent", "ok")]
    assert len(carrier.messages) == 1


async def test_who_did_not_choose_sms_gets_none_and_the_reason_stays(
    both: dict[str, Sender], wechat_sandbox: Sandbox, carrier: Carrier
) -> None:
    resident, case = await somebody(sms=False)
    await allow(resident, wechat_sandbox, "oA")
    await happened(closed(case), now=NOON)
    await send_due(both)

    await phone_refuses(wechat_sandbox)

    assert await send_due(both) == []
    assert await deliveries() == [("wechat", "refused", "phone-refused")]
    assert carrier.messages == []
    assert await inbox.unread(resident.account, now=NOON) == 1


async def test_a_push_that_died_falls_back_and_a_dead_sms_falls_nowhere(
    both: dict[str, Sender], wechat_sandbox: Sandbox, carrier: Carrier
) -> None:
    resident, case = await somebody()
    await allow(resident, wechat_sandbox, "oA")
    wechat_sandbox.world.faults.append(Fault(SEND, times=1, errcode=40003))
    carrier.faults.append("isv.MOBILE_NUMBER_ILLEGAL")
    await happened(closed(case), now=NOON)

    assert await send_due(both) == ["Dead"]
    assert await send_due(both) == ["Dead"]

    assert [fate[:2] for fate in await deliveries()] == [("wechat", "dead"), ("sms", "dead")]
    assert await leases.offer(now=clock.utc_now()) == []
    assert await inbox.unread(resident.account, now=NOON) == 1
