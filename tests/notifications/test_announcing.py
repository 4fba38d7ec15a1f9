"""From an event to the inbox and to WeChat: once, on a channel that works, never more than was allowed."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from api.sandbox.wechat_state import Fault
from api.wechat.channel import WeChatChannel
from api.wechat.client import open_wechat
from domain.cases.events import CaseClosed, CaseProgressed, LightTurned
from domain.kernel import clock, handling, leases
from domain.kernel import database as kernel_database
from domain.kernel import settings as process_settings
from domain.kernel.clock import DISTRICT_ZONE
from domain.kernel.leases import Sender
from domain.kernel.settings import Settings
from domain.reports.events import ReportSubmitted
from notifications import consents, deliveries, inbox, preferences, recipients, sending
from notifications.handlers import announce
from notifications.preferences import Preferences
from rewards.events import PointsAwarded
from tests.builders.notifications import a_case, happened, send_due
from tests.builders.notifications import deliveries as fates
from tests.builders.reports import a_report
from tests.builders.residents import Resident, a_resident
from tests.builders.wechat import Sandbox

NOON = datetime(2026, 11, 21, 12, tzinfo=DISTRICT_ZONE)
SEND = "/cgi-bin/message/subscribe/send"


@pytest.fixture
async def senders(
    settings: Settings, database: None, redis: Redis, wechat_sandbox: Sandbox
) -> AsyncIterator[dict[str, Sender]]:
    chosen = wechat_sandbox.settings(settings)
    process_settings.use(chosen)
    async with httpx.AsyncClient(trust_env=False) as http:
        wechat = open_wechat(chosen, http=http, redis=redis)
        yield {"wechat": sending.sender(WeChatChannel(wechat=wechat, setting=chosen.wechat_templates))}


async def allow(resident: Resident, sandbox: Sandbox, openid: str, topic: str = "closure", *, times: int = 1) -> None:
    """The person accepts the prompt, and the app reports it."""
    for number in range(times):
        sandbox.consent(openid, topic)
        async with kernel_database.transaction():
            await consents.record_answer(
                recipients.tag_of(resident.account),
                template=f"TPL-{topic}",
                answer="accepted",
                source="app",
                ref=f"{topic}-{number}",
                at=NOON,
            )


def closed(case: UUID, **changes: object) -> CaseClosed:
    ordinary = {"case_id": case, "round": 1, "outcome": "solved", "substantiated": True, "provisional": False}
    return CaseClosed(**ordinary | changes)  # type: ignore[arg-type]


async def titles(resident: Resident) -> list[str]:
    return [line.title for line in await inbox.page(resident.account, now=clock.utc_now())]


async def test_a_closure_reaches_the_inbox_and_wechat(senders: dict[str, Sender], wechat_sandbox: Sandbox) -> None:
    resident = await a_resident(openid="oA")
    case = await a_case(await a_report(sender=resident.account))
    await allow(resident, wechat_sandbox, "oA")

    await happened(closed(case), now=NOON)
    assert await send_due(senders) == ["Done"]

    assert await inbox.unread(resident.account, now=NOON) == 1
    (message,) = wechat_sandbox.world.messages
    assert message["touser"] == "oA"
    assert message["data"]["phrase3"]["value"] == "已办结"
    assert message["data"]["date4"]["value"] == "2026年11月21日 12:00"
    assert await fates() == [("wechat", "sent", "ok")]
    (credit,) = await consents.credits_of(recipients.tag_of(resident.account))
    assert (credit.asked, credit.accepted, credit.spent, credit.available) == (1, 1, 1, 0)


async def test_without_a_consent_nothing_is_called_and_the_reason_is_kept(
    senders: dict[str, Sender], wechat_sandbox: Sandbox
) -> None:
    resident = await a_resident()
    case = await a_case(await a_report(sender=resident.account))

    await happened(closed(case))

    assert await send_due(senders) == []
    assert await fates() == [("wechat", "skipped", "no-consent")]
    assert wechat_sandbox.world.calls[SEND] == 0
    assert await inbox.unread(resident.account, now=NOON) == 1


async def test_everyone_joined_is_told_once_of_their_own_report(senders: dict[str, Sender]) -> None:
    first, second = await a_resident(), await a_resident()
    mine = [await a_report(sender=first.account), await a_report(sender=first.account)]
    case = await a_case(*mine, await a_report(sender=second.account))

    await happened(closed(case))

    assert len(await titles(first)) == 1
    assert len(await titles(second)) == 1
    assert await titles(first) != await titles(second)  # each under their own number


async def test_anonymous_reporters_are_sent_nothing(database: None) -> None:
    report = await a_report()
    await kernel_database.execute("alter table sealed_reporter disable trigger all")
    await kernel_database.execute("delete from sealed_reporter where report = $1", report)

    await happened(closed(await a_case(report)))

    assert await kernel_database.fetch_value("select count(*) from inbox_message") == 0


async def test_the_same_event_three_times_tells_once(senders: dict[str, Sender]) -> None:
    resident = await a_resident()
    case = await a_case(await a_report(sender=resident.account))
    event_id = await happened(closed(case))

    for _ in range(2):
        await handling.handle([event_id], subscribers={CaseClosed: (announce,)}, now=NOON)
    async with kernel_database.transaction():  # even without the kernel's own memory
        await announce(closed(case), event_id=event_id, at=NOON)

    assert len(await titles(resident)) == 1


async def test_wechat_refuses_and_the_account_of_consents_is_emptied(
    senders: dict[str, Sender], wechat_sandbox: Sandbox
) -> None:
    resident = await a_resident(openid="oA")
    case = await a_case(await a_report(sender=resident.account))
    await allow(resident, wechat_sandbox, "oA", times=3)
    wechat_sandbox.world.credits.clear()

    await happened(closed(case), now=NOON)
    assert await send_due(senders) == ["Done"]

    assert await fates() == [("wechat", "refused", "consent-spent")]
    (credit,) = await consents.credits_of(recipients.tag_of(resident.account))
    assert (credit.available, credit.spent) == (0, 0)


async def test_a_night_push_waits_for_the_morning(senders: dict[str, Sender], wechat_sandbox: Sandbox) -> None:
    night = NOON.replace(hour=23)
    resident = await a_resident(openid="oA")
    case = await a_case(await a_report(sender=resident.account, now=NOON))
    await allow(resident, wechat_sandbox, "oA")

    await happened(closed(case), now=night)

    assert await send_due(senders, now=night + timedelta(hours=7, minutes=59)) == []
    assert await send_due(senders, now=night + timedelta(hours=8)) == ["Done"]


async def test_a_muted_topic_is_not_pushed_but_is_in_the_inbox(
    senders: dict[str, Sender], wechat_sandbox: Sandbox
) -> None:
    resident = await a_resident(openid="oA")
    case = await a_case(await a_report(sender=resident.account))
    await allow(resident, wechat_sandbox, "oA")
    async with kernel_database.transaction():
        await preferences.save(resident.account, Preferences(muted=frozenset({"closure"})), now=NOON)

    await happened(closed(case), now=NOON)

    assert await fates() == [("wechat", "skipped", "topic-off")]
    assert len(await titles(resident)) == 1


async def test_a_progress_message_never_takes_the_consent_the_result_needs(
    senders: dict[str, Sender], wechat_sandbox: Sandbox, settings: Settings
) -> None:
    shared = "closure=TPL-closure:character_string1,thing2,phrase3,date4,thing5"
    both = f"{shared};{shared.replace('closure=', 'progress=')}"
    process_settings.use(msgspec.structs.replace(process_settings.current(), wechat_templates=both))
    resident = await a_resident(openid="oA")
    case = await a_case(await a_report(sender=resident.account))
    await allow(resident, wechat_sandbox, "oA")

    await happened(CaseProgressed(case_id=case, stage="inspected", round=1), now=NOON)
    await happened(closed(case), now=NOON)

    assert sorted(await fates()) == [("wechat", "skipped", "no-consent"), ("wechat", "waiting", "planned")]


async def test_a_quota_holds_every_worker_until_the_minute_is_over(
    senders: dict[str, Sender], wechat_sandbox: Sandbox, redis: Redis
) -> None:
    resident = await a_resident(openid="oA")
    cases = [await a_case(await a_report(sender=resident.account)) for _ in range(3)]
    await allow(resident, wechat_sandbox, "oA", times=3)
    wechat_sandbox.world.faults.append(Fault(SEND, times=1, errcode=45009))
    for case in cases:
        await happened(closed(case), now=NOON)

    assert await send_due(senders) == ["Retry"] * 3

    assert wechat_sandbox.world.calls[SEND] == 0  # the planned fault took the only call
    assert await redis.pttl(f"breaker:wechat:{Settings().wechat_appid}:send:open") > 0
    await redis.flushall()
    assert await send_due(senders, now=clock.utc_now() + timedelta(minutes=3)) == ["Done"] * 3
    assert len(wechat_sandbox.world.messages) == 3


async def test_a_dead_push_gives_its_consent_back_and_can_be_replayed(
    senders: dict[str, Sender], wechat_sandbox: Sandbox
) -> None:
    resident = await a_resident(openid="oA")
    case = await a_case(await a_report(sender=resident.account))
    await allow(resident, wechat_sandbox, "oA")
    wechat_sandbox.world.faults.append(Fault(SEND, times=1, errcode=40037))

    await happened(closed(case), now=NOON)
    assert await send_due(senders) == ["Dead"]

    assert await fates() == [("wechat", "dead", "configuration-40037")]
    (credit,) = await consents.credits_of(recipients.tag_of(resident.account))
    assert credit.available == 1
    (letter,) = await deliveries.dead()
    async with kernel_database.transaction():
        assert await deliveries.replay([letter.delivery], now=clock.utc_now()) == 1
    assert await send_due(senders) == ["Done"]
    assert len(wechat_sandbox.world.messages) == 1


async def test_a_worker_killed_after_the_call_makes_at_most_one_duplicate_with_the_same_key(
    senders: dict[str, Sender], wechat_sandbox: Sandbox
) -> None:
    resident = await a_resident(openid="oA")
    case = await a_case(await a_report(sender=resident.account))
    await allow(resident, wechat_sandbox, "oA", times=2)
    await happened(closed(case), now=NOON)

    now = clock.utc_now()
    (job,) = await leases.claim(await leases.offer(now=now), now=now)
    await senders["wechat"].send(job)  # the call happened …
    await kernel_database.execute(  # … and the process died before it could write that down
        "update notice_delivery set state = 'waiting', reason = 'planned', provider_ref = null, finished_at = null"
    )
    assert await send_due(senders, now=now + timedelta(seconds=leases.LEASE_S + 1)) == ["Done"]

    pages = [message["page"] for message in wechat_sandbox.world.messages]
    assert len(pages) == 2
    assert {f"pages/report/detail?d={job.id}"} == set(pages)
    assert len(await titles(resident)) == 1


async def test_the_operator_sees_what_was_sent_about_a_case_and_why_not(
    senders: dict[str, Sender], wechat_sandbox: Sandbox
) -> None:
    resident = await a_resident()
    case = await a_case(await a_report(sender=resident.account))
    await happened(LightTurned(case_id=case, node="signed", light="red", due_at=NOON), now=NOON)

    attempts = await deliveries.about([f"case:{case}"], account_id=resident.account)

    assert sorted((a.channel, a.state) for a in attempts) == [("inbox", "sent"), ("wechat", "skipped")]
    assert "没有可用的订阅授权" in {a.reason_text for a in attempts}
    assert resident.account not in {a.person for a in attempts}


async def test_points_and_receipts_are_told(database: None) -> None:
    resident = await a_resident()
    report = await a_report(sender=resident.account)

    await happened(ReportSubmitted(report_id=report, number="x", category="water.outfall", channel="app"))
    await happened(PointsAwarded(transfer_id=7, account_id=resident.account, points=20, behaviour="verified_report"))

    newest, oldest = await titles(resident)
    assert newest == "获得 20 绿色积分"
    assert oldest.endswith("已收到")
