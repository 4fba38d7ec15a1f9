"""Leaving by a staff scan, or never: closed at the last sign of presence."""

from datetime import timedelta

import pytest

from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.events import Ticked
from domain.kernel.ids import new_id
from rewards import attendance, departures
from rewards.activities import NotOrganiser
from rewards.attendance import CheckRefused, NotOneself
from tests.builders.residents import a_resident
from tests.builders.rewards import NOON, an_event, signed_up
from tests.rewards.test_activities import END, came, confirmed, left, pinged, tx

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def scanned(event, who, *, at, out=False, by=None):
    work = departures.scan_out if out else attendance.scan_by_staff
    return await tx(work(event.id, account=who, staff=by or event.organiser, now=at))


async def test_a_phone_that_died_is_scanned_out_and_counts_as_made_by_hand(sound):
    event, me, other = await an_event(), new_id(), new_id()
    for who in (me, other):
        await signed_up(event, who)
        await came(event, who)
    minutes = await scanned(event, me, at=END, out=True)
    again = await scanned(event, me, at=END + timedelta(minutes=5), out=True)

    assert (minutes, again) == (120, 120)
    assert await db.fetch_value("select in_how from attendance where state = 'left'") == "staff"


async def test_nobody_is_scanned_outside_the_time_by_strangers_or_by_themselves():
    event, me = await an_event(), new_id()
    await signed_up(event, me)
    await signed_up(event, event.organiser)
    for at in (NOON - timedelta(days=1), END + timedelta(hours=1)):
        with pytest.raises(CheckRefused):
            await scanned(event, me, at=at)
    with pytest.raises(NotOrganiser):
        await scanned(event, me, at=NOON, by=new_id())
    with pytest.raises(NotOneself):
        await scanned(event, event.organiser, at=NOON)


async def test_who_never_checks_out_is_closed_at_the_last_sign_and_can_still_be_confirmed(sound):
    event, me, gone = await an_event(), new_id(), new_id()
    for who in (me, gone):
        await signed_up(event, who)
        await came(event, who)
    await pinged(event, me, 40, 80)
    await left(event, gone)
    for hours in (1, 3):
        at = END + timedelta(hours=hours)
        await tx(departures.close_forgotten(Ticked(every="hour", at=at), event_id=1, at=at))
        closed = await db.fetch_value("select count(*) from attendance where doubts ? 'no-checkout'")
        assert closed == (0 if hours == 1 else 1)
    await confirmed(event)

    minutes = await db.fetch_value(
        "select minutes from attendance where doubts ? 'no-checkout' and state = 'confirmed'"
    )
    assert minutes == 80


async def test_an_organiser_scans_in_and_out_over_http(api):
    now, who = clock.utc_now(), await a_resident()
    organiser = await a_resident()
    event = await an_event(now=now, organiser=organiser.account)
    await signed_up(event, who.account, now=now)
    path = f"/v1/activities/{event.id}/scans/{who.account}"
    answers = [await api.post(path + query, headers=organiser.headers) for query in ("", "?direction=out")]
    mine = (await api.get("/v1/me/activities", headers=who.headers)).json()["items"]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert [(row["state"], row["attendance"], row["activity"]) for row in mine] == [("in", "left", str(event.id))]
