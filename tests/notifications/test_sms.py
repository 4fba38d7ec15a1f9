"""SMS by the request formats of two providers, against a stand-in that checks their signatures."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from api.sandbox.sms import KEY_ID, SECRET, Carrier, create_app
from domain.kernel import clock, leases
from domain.kernel import database as kernel_database
from domain.kernel.ids import new_id
from domain.kernel.leases import Sender
from domain.kernel.settings import Settings
from domain.residents import phones
from domain.residents import sms_codes as codes
from notifications import preferences, sending
from notifications.breaker import Breaker
from notifications.channels import sms_codes, sms_signing
from notifications.channels.base import Broken, Fate, Later, Refused, Sent
from notifications.channels.sms import Provider, Sms, SmsChannel, segments, sms_templates
from notifications.channels.sms_providers import provider
from notifications.preferences import Preferences
from notifications.tables import NoticeDelivery
from tests.builders.notifications import a_case, deliveries, happened, send_due
from tests.builders.reports import a_report
from tests.builders.residents import Resident, a_resident
from tests.builders.wechat import serving
from tests.notifications.test_announcing import NOON, closed

TEMPLATES = "case_closed=SMS_1:SMS_1_INTL;login_code=SMS_2"


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


@pytest.fixture(params=["aliyun", "tencent"])
async def wire(request: pytest.FixtureRequest, carrier: Carrier, redis: Redis) -> AsyncIterator[Provider]:
    with serving(create_app(carrier)) as url:
        async with httpx.AsyncClient(trust_env=False) as http:
            chosen = Settings(
                sms_provider=request.param,
                sms_url=url,
                sms_key_id=KEY_ID,
                sms_key_secret=SECRET,
                sms_app_id="1400006666",
            )
            yield provider(chosen, http=http, breaker=Breaker(redis=redis, provider="sms"))


def an_sms(**changes: object) -> Sms:
    ordinary = {
        "id": new_id(),
        "e164": "+8613800138000",
        "template": "SMS_1",
        "values": {"number": "绿哨 1/2", "b": "&"},
    }
    return Sms(**ordinary | changes)  # type: ignore[arg-type]


def test_the_published_signature_of_alibaba_cloud() -> None:
    params = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}

    headers = sms_signing.aliyun_headers(
        host="ecs.cn-shanghai.aliyuncs.com",
        action="RunInstances",
        version="2014-05-26",
        query=sms_signing.encode_query(params),
        key_id="YourAccessKeyId",
        secret="YourAccessKeySecret",
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )

    assert headers["Authorization"].endswith(
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_the_published_signature_of_tencent_cloud() -> None:
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'

    authorization = sms_signing.tencent_authorization(
        host="cvm.tencentcloudapi.com",
        service="cvm",
        body=body,
        key_id="AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******",
        secret="Gu5t9xGARNpq86cd98joQYCN3*******",
        at=datetime.fromtimestamp(1551113065, UTC),
    )

    assert authorization.endswith("Signature=2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c")


async def test_an_sms_goes_out_signed_with_its_values_in_order(wire: Provider, carrier: Carrier) -> None:
    sms = an_sms()

    fate = await wire.send(sms)

    assert isinstance(fate, Sent)
    assert fate.provider_ref
    (sent,) = carrier.messages
    assert sent["to"].endswith("13800138000")
    assert sent["values"] == ["绿哨 1/2", "&"]
    assert sent["id"] == str(sms.id)
    assert sent["sign"] == "绿哨"


@pytest.mark.parametrize(
    ("codes_of_both", "kind"),
    [
        (("isv.BUSINESS_LIMIT_CONTROL", "LimitExceeded.PhoneNumberDailyLimit"), Later),
        (("isv.MOBILE_NUMBER_ILLEGAL", "InvalidParameterValue.IncorrectPhoneNumber"), Broken),
        (("isv.SMS_TEMPLATE_ILLEGAL", "FailedOperation.TemplateIncorrectOrUnapproved"), Broken),
        (("isp.SYSTEM_ERROR", "InternalError.Timeout"), Later),
        (("Nobody.KnowsThis", "Nobody.KnowsThis"), Later),
    ],
)
async def test_codes_by_meaning(
    wire: Provider, carrier: Carrier, codes_of_both: tuple[str, str], kind: type[Fate]
) -> None:
    carrier.faults.append(codes_of_both["Tencent" in type(wire).__name__])

    assert isinstance(await wire.send(an_sms()), kind)


async def test_a_number_that_opted_out_is_a_refusal(carrier: Carrier, wire: Provider) -> None:
    carrier.faults.append("FailedOperation.PhoneNumberInBlacklist")
    expected = Refused if "Tencent" in type(wire).__name__ else Later  # the other provider has no such code

    assert isinstance(await wire.send(an_sms()), expected)


async def test_a_wrong_key_is_a_matter_of_configuration(wire: Provider) -> None:
    forged = type(wire)(
        **{  # type: ignore[call-arg]
            name: getattr(wire, name)
            for name in wire.__slots__
            if name != "wire"  # type: ignore[attr-defined]
        }
        | {"wire": _with_secret(wire, "wrong")}
    )

    assert Broken("configuration") == await forged.send(an_sms())


def _with_secret(wire: Provider, secret: str) -> object:
    from dataclasses import replace

    return replace(wire.wire, secret=secret)  # type: ignore[attr-defined]


async def _a_resident_who_chose_sms(phone: str = "13800138000") -> Resident:
    resident = await a_resident()
    async with kernel_database.transaction():
        await phones.bind(resident.account, phone=phones.read(phone), proof="sms", now=NOON)
        await preferences.save(resident.account, Preferences(sms_topics=frozenset({"closure"})), now=NOON)
    return resident


def channel(wire: Provider) -> dict[str, Sender]:
    return {"sms": sending.sender(SmsChannel(provider=wire, templates=TEMPLATES, sign="绿哨", fen=5))}


async def test_only_who_chose_it_gets_an_sms_and_its_cost_is_counted(
    database: None, wire: Provider, carrier: Carrier
) -> None:
    chose, did_not = await _a_resident_who_chose_sms(), await a_resident()
    case = await a_case(await a_report(sender=chose.account), await a_report(sender=did_not.account))

    await happened(closed(case), now=NOON)
    assert await send_due(channel(wire)) == ["Done"]

    assert len(carrier.messages) == 1
    assert await deliveries() == [("sms", "sent", "ok")]
    assert await NoticeDelivery.select(NoticeDelivery.cost_fen) == [{"cost_fen": 5}]


async def test_another_region_needs_its_own_template(database: None, wire: Provider, carrier: Carrier) -> None:
    resident = await _a_resident_who_chose_sms("+85251234567")
    case = await a_case(await a_report(sender=resident.account))

    await happened(closed(case), now=NOON)
    await send_due(channel(wire))

    assert [sent["template"] for sent in carrier.messages] == ["SMS_1_INTL"]


async def test_a_login_code_is_sent_and_an_expired_one_is_not(database: None, wire: Provider, carrier: Carrier) -> None:
    resident, now = await a_resident(), clock.utc_now()
    senders = {codes.JOB_KIND: sms_codes.sender(wire, templates=TEMPLATES)}
    for asked_at in (now, now - timedelta(minutes=11)):
        async with kernel_database.transaction():
            await codes.ask(resident.account, phone=phones.read("13800138000"), now=asked_at)

    assert sorted(await send_due(senders)) == ["Dead", "Done"]
    (sent,) = carrier.messages
    assert sent["template"] == "SMS_2"
    assert len(sent["values"][0]) == 6


async def test_silence_opens_the_breaker(redis: Redis) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        chosen = Settings(sms_provider="tencent", sms_url="http://127.0.0.1:1")
        dead = provider(chosen, http=http, breaker=Breaker(redis=redis, provider="sms"))
        notes = [(await dead.send(an_sms())) for _ in range(6)]

    assert notes[0] == Later("unreachable")
    assert isinstance(notes[-1], Later)
    assert notes[-1].note == "breaker"


def test_segments_as_carriers_count_them() -> None:
    assert [segments("字" * n, sign="绿哨") for n in (1, 66, 67, 130, 131)] == [1, 1, 2, 2, 3]


def test_a_template_setting_that_cannot_be_read_stops_the_start() -> None:
    with pytest.raises(ValueError, match="GW_SMS_TEMPLATES"):
        sms_templates("case_closed")


def test_an_sms_does_not_show_its_number() -> None:
    assert "138" not in repr(an_sms())
    assert msgspec.structs.astuple(an_sms())
    assert leases.LEASE_S > 15  # a lease outlives a call with its connection
