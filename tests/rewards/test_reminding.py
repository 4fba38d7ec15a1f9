"""Reminders before the start, a free place told to who waited, an activity that is called off."""

from datetime import timedelta

import msgspec
import pytest

from api.wiring import SUBSCRIBERS
from domain.kernel import database as db
from domain.kernel import handling, settings
from domain.kernel.errors import NotFound
from domain.kernel.events import Ticked
from domain.kernel.ids import new_id
from rewards import activities, reminding
from rewards.activities import NotOrganiser
from tests.builders.residents import a_resident
from tests.builders.rewards import NOON, an_event, signed_up
from tests.rewards.test_activities import came

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
BEFORE = NOON - timedelta(hours=30)


async def tick(at):
    async with db.transaction():
        await reminding.remind(Ticked(every="minute", at=at), event_id=1, at=at)


async def told(name) -> list[dict]:
    rows = await db.fetch("select payload from outbox_event where name = $1 order by id", name)
    return [msgspec.json.decode(row["payload"]) for row in rows]


async def test_everybody_with_a_place_is_reminded_a_day_and_two_hours_before_once_each():
    event, me, waiting, gone = await an_event(capacity=2), new_id(), new_id(), new_id()
    for who in (me, gone, waiting):
        await signed_up(event, who, now=BEFORE)
    async with db.transaction():
        await activities.cancel(event.id, account=gone, now=BEFORE)  # the one who waits moves in
    for hours in (25, 24, 23.5, 3, 2, 1, 0):
        await tick(NOON - timedelta(hours=hours))

    reminded = [row["account_id"] for row in await told("ActivityReminded")]
    assert sorted(reminded) == sorted([str(me), str(waiting)] * 2)
    assert [row["account_id"] for row in await told("PlaceGiven")] == [str(waiting)]


async def test_a_worker_that_slept_sends_one_reminder_and_a_late_comer_needs_none():
    event, me, late = await an_event(), new_id(), new_id()
    await signed_up(event, me, now=BEFORE)
    await signed_up(event, late, now=NOON - timedelta(hours=1))
    await tick(NOON - timedelta(minutes=50))

    assert [row["account_id"] for row in await told("ActivityReminded")] == [str(me)]


async def test_the_district_chooses_the_hours_or_none():
    event, me = await an_event(), new_id()
    await signed_up(event, me, now=BEFORE)
    settings.use(msgspec.structs.replace(settings.current(), activity_reminders=""))
    await tick(NOON - timedelta(hours=2))
    none = await told("ActivityReminded")
    settings.use(msgspec.structs.replace(settings.current(), activity_reminders="1"))
    await tick(NOON - timedelta(hours=2))
    await tick(NOON - timedelta(minutes=59))

    assert (none, len(await told("ActivityReminded"))) == ([], 1)


async def test_a_called_off_activity_tells_everybody_and_takes_nobody_in():
    event, me = await an_event(), (await a_resident(now=BEFORE)).account
    await signed_up(event, me, now=BEFORE)
    with pytest.raises(NotOrganiser):
        async with db.transaction():
            await reminding.call_off(event.id, organiser=new_id(), now=BEFORE)
    async with db.transaction():
        assert await reminding.call_off(event.id, organiser=event.organiser, now=BEFORE) == 1
    with pytest.raises(reminding.TooLate):
        async with db.transaction():
            await reminding.call_off(event.id, organiser=event.organiser, now=BEFORE)
    await tick(NOON - timedelta(hours=2))
    ids = [row["id"] for row in await db.fetch("select id from outbox_event where name = 'ActivityCalledOff'")]
    await handling.handle(ids, subscribers=SUBSCRIBERS, now=BEFORE)

    assert await told("ActivityReminded") == []
    with pytest.raises(NotFound):  # nobody is signed up any more
        await came(event, me)
    message = await db.fetch_row(
        "select a.wording, a.facts from inbox_message m join announcement a on a.id = m.announcement"
    )
    assert message["wording"] == "activity_called_off"
    assert "清理河岸" in message["facts"]
