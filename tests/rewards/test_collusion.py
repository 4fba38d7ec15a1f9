"""Signals of collusion for officers: rings, shared devices, inseparable pairs, merchants with few hands."""

from datetime import timedelta

import pytest

from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.ids import new_id
from rewards import attendance, collusion, goods, vouchers
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.rewards import NOON, a_check, a_good, a_purse, an_event, ordered, signed_up

pytestmark = pytest.mark.anyio
SINCE = NOON - timedelta(days=30)


async def together(*people, at=NOON, devices=None):
    """These people check in a second after each other, each on the own device unless told otherwise."""
    event = await an_event(now=at)
    for n, who in enumerate(people):
        await signed_up(event, who, now=at)
        moment = at + timedelta(seconds=n)
        check = a_check(event, at=moment, device=devices[n] if devices else f"device-of-{who}")
        async with db.transaction():
            await attendance.check_in(event.id, account=who, check=check, now=moment)
    return event


async def test_a_phone_that_checks_in_for_three_people_is_listed(database):
    people = [new_id() for _ in range(3)]
    await together(*people, devices=["one-phone-for-all"] * 3)
    await together(*people[:2], at=NOON + timedelta(days=1))

    [found] = await collusion.devices(since=SINCE)
    assert (found.device, sorted(found.people), found.activities) == ("one-phone-for-all", sorted(people), 1)


async def test_two_who_always_arrive_together_are_a_pair_and_a_family_of_four_is_none(database):
    pair, family = [new_id(), new_id()], [new_id() for _ in range(4)]
    for day in range(5):
        await together(*pair, at=NOON + timedelta(days=day))
    for day, who in enumerate(family):
        await together(who, at=NOON + timedelta(days=day, hours=3))
    await together(*family, at=NOON + timedelta(days=6))

    [found] = await collusion.pairs(since=SINCE)
    assert ({found.one, found.other}, found.times) == (set(pair), 5)


async def sold(good, account, *, now):
    await a_purse(points=30, owner=account, now=now)
    order = await ordered(good, account, now=now)
    async with db.transaction():
        code = await goods.confirm(order, account=account, now=now)
        merchant = await db.fetch_value("select merchant from reward_good where id = $1", good)
        shown = vouchers.display_code(order, now=now)
        assert await vouchers.burn(merchant=merchant, code=code, display=shown, now=now)


async def test_a_merchant_whose_vouchers_go_to_a_handful_is_listed_and_a_busy_one_is_not(database):
    few, many = await a_good(per_person=50), await a_good(merchant="tea-house")
    hands = [new_id() for _ in range(3)]
    for n in range(21):
        await sold(few, hands[n % 3], now=NOON + timedelta(minutes=n))
        await sold(many, new_id(), now=NOON + timedelta(minutes=n))

    [found] = await collusion.few_hands(since=SINCE)
    assert (found.merchant, found.burned, found.of_the_few, found.within_a_minute) == ("green-shop", 21, 21, 21)


async def test_only_clerks_look_and_every_look_is_audited(api, settings):
    await seed_officers(settings)
    people, now = [new_id() for _ in range(3)], clock.utc_now()
    await together(*people, at=now - timedelta(minutes=5), devices=["one-phone-for-all"] * 3)
    seen = await api.get("/v1/operator/collusion?days=7", headers=await signed_in(api, CLERK))
    refused = await api.get("/v1/operator/collusion", headers=await signed_in(api, REVIEWER))

    assert [len(device["people"]) for device in seen.json()["devices"]] == [3]
    assert (seen.json()["rings"], refused.status_code) == ([], 403)
    assert await db.fetch_value("select count(*) from audit_entry where action = 'collusion.looked'") == 1
