"""Abuse cases 1–12: places, codes, photographs, steps and clocks. Numbers are those of the reference list."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.errors import Invalid
from domain.kernel.ids import new_id
from rewards import attendance, claims, ledger, presence, proving, sealing, steps
from rewards.attendance import CheckRefused, Spot
from tests.builders.rewards import (
    CENTRE,
    NOON,
    a_check,
    a_claim,
    a_good,
    a_purse,
    a_spending,
    an_event,
    claimed,
    ordered,
    posted,
    pots,
    signed_up,
    state_of,
)

pytestmark = pytest.mark.anyio


async def check(event, who, *, at=NOON, **changes):
    async with db.transaction():
        return await attendance.check_in(event.id, account=who, check=a_check(event, at=at, **changes), now=at)


async def test_abuse_01_a_perfect_place_without_the_site_code_earns_nothing(database):
    event, me = await an_event(), new_id()
    await signed_up(event, me)

    with pytest.raises(CheckRefused):
        await check(event, me, code="123456", spots=[Spot(**CENTRE, accuracy=3)])


async def test_abuse_01_a_receiver_without_jitter_raises_a_doubt(database):
    event, me = await an_event(), new_id()
    await signed_up(event, me)

    assert await check(event, me, spots=[Spot(**CENTRE, accuracy=5, altitude=12.0)] * 5) == ["steady-gps"]


async def test_abuse_02_a_teleport_is_held_and_an_honest_train_passes(database):
    here, far, near = {"lat": 30.2, "lon": 120.1}, {"lat": 31.2, "lon": 121.4}, {"lat": 30.7, "lon": 120.4}
    jumper, rider = new_id(), new_id()
    first = {"inputs": {"distance_km": Decimal(5)}, "detail": {"start": here, "end": here}}
    for who in (jumper, rider):
        await claimed(a_claim(who, at=NOON - timedelta(hours=2), **first))
    [jump] = await claimed(
        a_claim(
            jumper, at=NOON - timedelta(hours=1), minutes=40, inputs={"distance_km": Decimal(5)}, detail={"start": far}
        )
    )
    [ride] = await claimed(
        a_claim(rider, at=NOON, minutes=30, inputs={"distance_km": Decimal(5)}, detail={"start": near})
    )

    assert await state_of(jump) == ("held", "too-far-apart")
    assert (await state_of(ride))[0] == "awarded"


async def test_abuse_03_a_relayed_code_dies_with_its_steps_and_needs_the_fence(database):
    event, me, friend, cheat = await an_event(), new_id(), new_id(), new_id()
    for who in (me, friend, cheat):
        await signed_up(event, who)
    code = presence.site_code(event.key, direction="in", at=NOON)
    await check(event, me, code=code)
    await check(event, me, code=code)
    await check(event, friend, code=code)

    with pytest.raises(CheckRefused):
        await check(event, cheat, code=code, spots=[Spot(lat=30.9, lon=120.9, accuracy=5)])
    with pytest.raises(CheckRefused):
        await check(event, cheat, code=code, at=NOON + timedelta(seconds=20))
    assert await db.fetch_value("select count(*) from attendance") == 2


async def test_abuse_04_a_second_account_on_one_phone_is_held_for_the_organiser(database):
    event, me, friend = await an_event(), new_id(), new_id()
    for who in (me, friend):
        await signed_up(event, who)
    await check(event, me, device="phone-of-me")

    assert await check(event, friend, device="phone-of-me", at=NOON + timedelta(minutes=9)) == ["same-device"]


async def test_abuse_05_leaving_and_checking_out_later_ends_at_the_last_sign(database):
    event, me, out = await an_event(), new_id(), NOON + timedelta(hours=2)
    await signed_up(event, me)
    await check(event, me)
    ping = Spot(**CENTRE, accuracy=9)
    assert await attendance.ping(event.id, account=me, spot=ping, now=NOON + timedelta(minutes=30))
    async with db.transaction():
        minutes = await attendance.check_out(
            event.id, account=me, check=a_check(event, direction="out", at=out), now=out
        )
    [there] = await attendance.waiting_for_confirmation(event.id, organiser=event.organiser)

    assert (minutes, there["doubts"]) == (30, ["left-early"])


async def test_abuse_08_a_days_steps_are_paid_once_however_often_they_are_sent(database):
    me, day = new_id(), clock.local_day(NOON)
    for _ in range(100):
        async with db.transaction():
            await steps.take(me, [steps.StepsOfDay(day, 9_000)], now=NOON)

    assert await db.fetch_value("select count(*) from reward_claim") == 1
    yesterday = int((NOON - timedelta(days=1)).timestamp())
    assert [d.day for d in steps.days_of([{"timestamp": yesterday, "step": 5}], now=NOON)] == [day - timedelta(days=1)]


def test_abuse_09_a_shaker_at_night_is_noticed_and_a_marathon_is_not():
    night = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)  # one o'clock in the district
    shaker = [((night + timedelta(hours=h)).timestamp(), 8_700 * h) for h in range(4)]
    marathon = [((night + timedelta(hours=6 + h)).timestamp(), 11_000 * h) for h in range(5)]

    assert steps.like_a_machine(shaker)
    assert not steps.like_a_machine(marathon)


async def test_abuse_10_a_time_zone_opens_no_second_day(database):
    me = new_id()
    zones = [timedelta(hours=h) for h in (-14, 0, 14)]
    trips = [
        a_claim(
            me,
            at=(NOON - timedelta(minutes=25 * n)).astimezone(timezone(zones[n % 3])),
            minutes=20,
            inputs={"distance_km": Decimal(4)},
        )
        for n in range(9)
    ]
    ids = [claim for trip in trips for claim in await claimed(trip)]

    assert [(await state_of(claim))[0] for claim in ids].count("awarded") == 8


def test_abuse_11_a_device_clock_in_2030_or_2000_is_refused():
    for year in (2000, 2030):
        at = datetime(year, 1, 1, tzinfo=UTC)
        with pytest.raises(Invalid):
            claims.check_times(from_at=at, to_at=at, now=NOON)


async def test_abuse_11_expiry_and_orders_use_the_servers_clock(database):
    me, good = new_id(), await a_good(until_at=NOON + timedelta(hours=1))
    await a_purse(owner=me, points=30)

    await ordered(good, me)

    assert ledger.good_until(NOON).year == 2028


async def test_abuse_12_balances_chain_and_blocks_seal_when_the_clock_steps_back(database):
    purse = await a_purse(points=50)
    for hours in (0, -1, 1, -1):
        await posted(a_spending(purse, amount=1), now=NOON + timedelta(hours=hours))
        async with db.transaction():
            await sealing.seal(now=NOON + timedelta(hours=hours))

    assert await proving.faults() == []
    assert await sealing.broken_blocks() == []
    assert sum((await pots(new_id())).values()) == 0
