"""A closed account leaves nothing here that leads to the person; that something was sent stays provable."""

from api.wiring import SUBSCRIBERS
from domain.kernel import clock, handling
from domain.kernel import database as kernel_database
from domain.kernel.leases import Sender
from domain.reports import leaving
from notifications import deliveries as fates
from notifications import follows, inbox, preferences, recipients
from notifications.preferences import Preferences
from rewards.events import PointsAwarded
from tests.builders.notifications import a_case, deliveries, happened, send_due
from tests.builders.reports import a_report
from tests.builders.residents import Resident, a_resident
from tests.builders.wechat import Sandbox
from tests.notifications.test_announcing import NOON, allow, closed, senders

__all__ = ["senders"]


async def leaves(resident: Resident) -> None:
    """Closes the account and lets every room hear of it; other events wait."""
    async with kernel_database.transaction():
        await leaving.close(resident.account, now=clock.utc_now())
    event = await kernel_database.fetch_value("select max(id) from outbox_event where name = 'AccountClosed'")
    await handling.handle([event], subscribers=SUBSCRIBERS, now=clock.utc_now())
    assert await kernel_database.fetch_value("select done_at is not null from outbox_event where id = $1", event)


TABLES = ("inbox_message", "notice_owner", "notice_follow", "notice_delivery", "consent_credit", "consent_entry")


async def rows_of(resident: Resident) -> dict[str, int]:
    tag = recipients.tag_of(resident.account)
    return {
        table: await kernel_database.fetch_value(f"select count(*) from {table} where owner = $1", tag)
        for table in TABLES
    }


async def test_everything_that_leads_to_the_person_goes_and_the_proof_of_sending_stays(
    senders: dict[str, Sender], wechat_sandbox: Sandbox
) -> None:
    resident, other = await a_resident(openid="oA"), await a_resident(openid="oB")
    case = await a_case(await a_report(sender=resident.account), await a_report(sender=other.account))
    await allow(resident, wechat_sandbox, "oA", times=2)
    async with kernel_database.transaction():
        await preferences.save(resident.account, Preferences(digest=True), now=NOON)
        await follows.follow(resident.account, "town:yunxi", now=NOON)
    await happened(closed(case), now=NOON)
    await send_due(senders)
    before, others = await rows_of(resident), await rows_of(other)

    await leaves(resident)

    assert all(before.values()), before
    assert not any((await rows_of(resident)).values())
    assert await rows_of(other) == others
    sent = await kernel_database.fetch_row(
        "select recipient, provider_ref, reason from notice_delivery where state = 'sent'"
    )
    assert dict(sent) == {"recipient": b"", "provider_ref": None, "reason": "ok"}
    (proof,) = [one for one in await fates.about([f"case:{case}"]) if one.state == "sent" and one.channel == "wechat"]
    assert proof.person != recipients.tag_of(resident.account)


async def test_what_still_waits_is_not_sent_any_more(senders: dict[str, Sender], wechat_sandbox: Sandbox) -> None:
    resident = await a_resident(openid="oA")
    case = await a_case(await a_report(sender=resident.account))
    await allow(resident, wechat_sandbox, "oA")
    await happened(closed(case), now=NOON)

    await leaves(resident)
    outcomes = await send_due(senders)

    assert outcomes == ["Done"]
    assert wechat_sandbox.world.messages == []
    assert await deliveries() == [("wechat", "skipped", "account-closed")]


async def test_a_closed_account_is_told_nothing_more_while_its_report_goes_on(
    senders: dict[str, Sender], wechat_sandbox: Sandbox
) -> None:
    resident, other = await a_resident(openid="oA"), await a_resident()
    case = await a_case(await a_report(sender=resident.account), await a_report(sender=other.account))
    await leaves(resident)

    await happened(closed(case), now=NOON)
    await happened(PointsAwarded(transfer_id=1, account_id=resident.account, points=5, behaviour="x"), now=NOON)

    assert not any((await rows_of(resident)).values())
    assert await inbox.unread(other.account, now=NOON) == 1
