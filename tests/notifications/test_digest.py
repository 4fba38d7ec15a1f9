"""Who asked for a digest gets one push in the evening, and the inbox as ever."""

from datetime import timedelta

from api.sandbox.wechat_state import TEMPLATES_SETTING
from domain.kernel import database as kernel_database
from domain.kernel import settings as process_settings
from domain.kernel.events import Ticked
from domain.kernel.settings import Settings
from notifications import consents, inbox, preferences, recipients
from notifications.digests import send_digests
from notifications.handlers import forget_receipts
from notifications.preferences import Preferences
from rewards.events import PointsAwarded
from tests.builders.notifications import deliveries, happened
from tests.builders.residents import a_resident
from tests.notifications.test_announcing import NOON

EVENING = NOON.replace(hour=19)


async def tick(at=EVENING, *, event_id: int = 999) -> None:
    async with kernel_database.transaction():
        await send_digests(Ticked(every="hour", at=at), event_id=event_id, at=at)


async def test_one_push_in_the_evening_for_all_of_the_day(settings: Settings, database: None) -> None:
    import msgspec

    process_settings.use(msgspec.structs.replace(settings, wechat_templates=TEMPLATES_SETTING))
    me = await a_resident()
    async with kernel_database.transaction():
        await preferences.save(me.account, Preferences(digest=True), now=NOON)
        for topic in ("points", "progress"):
            await consents.record_answer(
                recipients.tag_of(me.account),
                template=f"TPL-{topic}",
                answer="accepted",
                source="app",
                ref=topic,
                at=NOON,
            )
    for number in range(3):
        event = PointsAwarded(transfer_id=number, account_id=me.account, points=5, behaviour="x")
        await happened(event, now=NOON)

    await tick(EVENING - timedelta(hours=1), event_id=998)
    assert sorted(await deliveries()) == [("wechat", "skipped", "in-digest")] * 3
    await tick()
    await tick(EVENING + timedelta(hours=1), event_id=1000)

    assert sorted(await deliveries()) == [("wechat", "skipped", "in-digest")] * 3 + [("wechat", "waiting", "planned")]
    assert await inbox.unread(me.account, now=NOON) == 3  # the digest itself is not one more message
    facts = await kernel_database.fetch_value("select facts->>'count' from announcement where wording = 'digest'")
    assert facts == "3"


async def test_old_receipts_of_pushes_are_forgotten(database: None) -> None:
    for days in (1, 8):
        await kernel_database.execute(
            "insert into push_receipt (key, at) values ($1, $2)", bytes([days]), EVENING - timedelta(days=days)
        )

    async with kernel_database.transaction():
        await forget_receipts(Ticked(every="day", at=EVENING), event_id=1, at=EVENING)

    assert await kernel_database.fetch_value("select count(*) from push_receipt") == 1
