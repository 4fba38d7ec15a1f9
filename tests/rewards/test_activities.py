"""Signing up, the rotating code and the fence, presence, confirmation, walk-ins, corrections."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.errors import NotFound
from domain.kernel.ids import new_id
from domain.residents import phones
from rewards import activities, attendance, awarding, hours, presence
from rewards.activities import NotOrganiser, SignupRefused
from rewards.attendance import CheckRefused, NotOneself, Spot
from tests.builders.residents import a_resident
from tests.builders.rewards import CENTRE, NOON, a_check, an_event, pots, signed_up, state_of

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
END = NOON + timedelta(hours=2)


async def tx(work):
    async with db.transaction():
        return await work


async def came(event, who, *, at=NOON, **changes):
    return await tx(attendance.check_in(event.id, account=who, check=a_check(event, at=at, **changes), now=at))


async def left(event, who, *, at=END, **changes):
    return await tx(
        attendance.check_out(event.id, account=who, check=a_check(event, direction="out", at=at, **changes), now=at)
    )


async def pinged(event, who, *minutes):
    for m in minutes:
        at = NOON + timedelta(minutes=m)
        await tx(attendance.ping(event.id, account=who, spot=Spot(**CENTRE, accuracy=10), now=at))


async def confirmed(event, *, accept=True, by=None):
    claims = []
    for there in await attendance.waiting_for_confirmation(event.id, organiser=event.organiser):
        claim = await tx(attendance.confirm(there["id"], organiser=by or event.organiser, accept=accept, now=END))
        if claim:
            await tx(awarding.settle(claim, now=END))
            claims.append(claim)
    return claims


async def test_two_hours_with_presence_are_forty_points_and_a_hundred_and_twenty_minutes(sound):
    event, me = await an_event(), new_id()
    await signed_up(event, me)
    await came(event, me)
    await pinged(event, me, 40, 80)
    minutes = await left(event, me)
    await confirmed(event)

    assert minutes == 120
    assert await pots(me) == {"points": 40, "carbon": 0, "minutes": 120}


async def test_leaving_early_and_checking_out_later_cuts_the_hours_to_the_last_sign():
    event, me = await an_event(), new_id()
    await signed_up(event, me)
    await came(event, me)
    await pinged(event, me, 40)

    assert await left(event, me) == 40


async def test_a_code_is_good_for_two_steps_and_only_for_its_direction():
    event, me = await an_event(), new_id()
    await signed_up(event, me)
    old = presence.site_code(event.key, direction="in", at=NOON - timedelta(seconds=20))
    out = presence.site_code(event.key, direction="out", at=NOON)
    for code in (old, out, "000000"):
        with pytest.raises(CheckRefused):
            await came(event, me, code=code)

    await came(event, me, code=presence.site_code(event.key, direction="in", at=NOON - timedelta(seconds=10)))


@pytest.mark.parametrize("spot", [Spot(lat=30.45, lon=120.02, accuracy=10), Spot(**CENTRE, accuracy=500)])
async def test_outside_the_fence_or_vaguely_somewhere_is_refused(spot):
    event, me = await an_event(), new_id()
    await signed_up(event, me)

    with pytest.raises(CheckRefused):
        await came(event, me, spots=[spot])


async def test_only_who_signed_up_can_check_in():
    event = await an_event()

    with pytest.raises(NotFound):
        await came(event, new_id())


async def test_one_phone_for_two_people_is_held_for_a_person():
    event, me, friend = await an_event(), new_id(), new_id()
    for who in (me, friend):
        await signed_up(event, who)
    await came(event, me, device="one-phone")
    doubts = await came(event, friend, device="one-phone", at=NOON + timedelta(minutes=5))
    await pinged(event, friend, 45, 80)
    await left(event, friend)
    [claim] = await confirmed(event)

    assert doubts == ["same-device"]
    assert await state_of(claim) == ("held", "same-device")


async def test_a_patrol_shorter_than_asked_is_not_confirmed_and_a_long_one_is(sound):
    event = await an_event(behaviour="river-patrol", distance_min_m=500)
    walker, sitter = new_id(), new_id()
    for who, step in ((walker, 0.001), (sitter, 0.0)):
        await signed_up(event, who)
        await came(event, who)
        await pinged(event, who, 40, 80)
        track = [
            {"at": NOON + timedelta(minutes=2 * n), "lat": CENTRE["lat"] + step * n, "lon": CENTRE["lon"]}
            for n in range(8)
        ]
        async with db.transaction():
            await attendance.check_out(
                event.id, account=who, check=a_check(event, direction="out", at=END), track=track, now=END
            )
    await confirmed(event)

    assert ((await pots(walker))["minutes"], (await pots(sitter))["minutes"]) == (120, 0)
    doubts = {row["state"]: row["doubts"] for row in await db.fetch("select state, doubts from attendance")}
    assert "short-track" in doubts["refused"]


async def test_a_receiver_without_jitter_is_looked_at_before_it_is_paid(sound):
    event, me = await an_event(), new_id()
    await signed_up(event, me)
    await came(event, me, spots=[Spot(**CENTRE, accuracy=5, altitude=12.0)] * 5)
    await pinged(event, me, 40, 80)
    await left(event, me)
    [claim] = await confirmed(event)

    assert await state_of(claim) == ("held", "steady-gps")


async def test_offline_checks_are_signed_by_the_device_and_late_ones_are_refused():
    event, me, device = await an_event(), new_id(), Ed25519PrivateKey.generate()
    public = device.public_key().public_bytes_raw()
    await tx(activities.sign_up(event.id, account=me, age=30, device_key=public, now=NOON))
    check = a_check(event, signed=bytes(64))
    good = a_check(event, signed=device.sign(attendance.offline_text(event.id, check)), code=check.code)
    with pytest.raises(CheckRefused):
        await tx(attendance.check_in(event.id, account=me, check=check, now=NOON + timedelta(hours=5)))
    with pytest.raises(CheckRefused):
        await tx(attendance.check_in(event.id, account=me, check=good, now=NOON + timedelta(hours=25)))

    assert await tx(attendance.check_in(event.id, account=me, check=good, now=NOON + timedelta(hours=5))) == []


async def test_the_waiting_list_moves_up_and_overlaps_are_refused():
    start = NOON + timedelta(hours=5)
    event = await an_event(capacity=1, starts_at=start, ends_at=start + timedelta(hours=1))
    other = await an_event(starts_at=start, ends_at=start + timedelta(hours=3))
    one, two = new_id(), new_id()
    states = [await signed_up(event, one), await signed_up(event, two), await signed_up(event, one)]
    with pytest.raises(SignupRefused):
        await signed_up(other, one)
    moved = await tx(activities.cancel(event.id, account=one, now=NOON))

    assert states == ["in", "waiting", "in"]
    assert moved == two
    assert await signed_up(other, one) == "in"


async def test_age_rules_and_the_guardians_consent():
    event = await an_event(age_min=10)
    with pytest.raises(SignupRefused):
        await signed_up(event, new_id(), age=9)
    with pytest.raises(SignupRefused):
        await signed_up(event, new_id(), age=13)


async def test_nobody_confirms_themselves_and_strangers_confirm_nobody():
    event = await an_event()
    await signed_up(event, event.organiser)
    await came(event, event.organiser)
    await pinged(event, event.organiser, 40, 80)
    await left(event, event.organiser)
    with pytest.raises(NotOneself):
        await confirmed(event)
    with pytest.raises(NotOrganiser):
        await confirmed(event, by=new_id())
    with pytest.raises(NotOneself):
        await tx(attendance.scan_by_staff(event.id, account=event.organiser, staff=event.organiser, now=NOON))


async def test_an_activity_published_on_its_eve_is_sampled_before_it_pays():
    event, me = await an_event(published=NOON - timedelta(hours=3)), new_id()
    await signed_up(event, me)
    await came(event, me)
    await pinged(event, me, 40, 80)
    await left(event, me)
    [claim] = await confirmed(event)

    assert await state_of(claim) == ("held", "activity-sampled")


async def test_an_activity_checked_in_by_hand_is_sampled_before_it_pays():
    event, me = await an_event(), new_id()
    await signed_up(event, me)
    await tx(attendance.scan_by_staff(event.id, account=me, staff=event.organiser, now=NOON))
    await pinged(event, me, 40, 80)
    await left(event, me)
    [claim] = await confirmed(event)

    assert await state_of(claim) == ("held", "activity-sampled")


async def test_credit_that_is_disowned_is_taken_back(sound):
    event, me = await an_event(), new_id()
    await signed_up(event, me)
    await came(event, me)
    await pinged(event, me, 40, 80)
    await left(event, me)
    await confirmed(event)
    there = await db.fetch_value("select id from attendance")
    with pytest.raises(NotFound):
        await tx(attendance.disown(there, account=new_id(), now=END))
    await tx(attendance.disown(there, account=me, now=END))

    assert await pots(me) == {"points": 0, "carbon": 0, "minutes": 0}


async def test_a_walk_in_counts_only_for_the_owner_of_the_phone_who_accepts_it():
    event = await an_event()
    who = await a_resident(now=NOON)
    await tx(hours.record_walk_in(event.id, phone="13800138000", staff=event.organiser, now=NOON + timedelta(hours=1)))
    before = await tx(hours.claim_walk_ins(who.account, now=END))
    await tx(phones.bind(who.account, phone=phones.read("13800138000"), proof="sms", now=END))
    after = await tx(hours.claim_walk_ins(who.account, now=END))
    again = await tx(hours.claim_walk_ins(who.account, now=END))

    assert (before, after, again) == (0, 1, 0)
    assert "13800138000" not in str(await db.fetch("select * from walk_in"))
    assert [p["minutes"] for p in await attendance.waiting_for_confirmation(event.id, organiser=event.organiser)] == [
        60
    ]


async def test_a_correction_is_decided_by_another_and_keeps_the_history(sound):
    event, me = await an_event(), new_id()
    await signed_up(event, me)
    await came(event, me)
    await left(event, me)  # no sign of presence: nothing proven
    await confirmed(event)
    there = await db.fetch_value("select id from attendance")
    asked = await tx(hours.ask_correction(there, account=me, minutes=90, reason="手机没电", now=END))
    with pytest.raises(NotOneself):
        await tx(hours.decide_correction(asked, grant=True, by=f"resident:{me}", now=END))
    await tx(hours.decide_correction(asked, grant=True, by="operator:2", now=END))
    claim = await db.fetch_value("select claim from attendance")
    await tx(awarding.settle(claim, now=END))

    assert (await pots(me))["minutes"] == 90


async def test_the_site_over_http(api):
    now = clock.utc_now()
    event = await an_event(now=now)
    who = await a_resident()
    listed = (await api.get("/v1/activities")).json()
    joined = await api.post(f"/v1/activities/{event.id}/signup", headers=who.headers, json={"age": 30})
    code = presence.site_code(event.key, direction="in", at=clock.utc_now())
    body = {"direction": "in", "code": code, "device": "device-0001", "spots": [CENTRE | {"accuracy": 9.0}]}
    checked = await api.post(f"/v1/activities/{event.id}/checks", headers=who.headers, json=body)

    assert listed[0]["title_zh"] == "清理河岸"
    assert joined.json() == {"state": "in"}
    assert checked.json()["doubts"] == []
    assert (await api.get(f"/v1/activities/{event.id}/site-codes", headers=who.headers)).status_code == 403
