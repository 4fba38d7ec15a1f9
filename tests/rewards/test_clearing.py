"""The merchant's clearing account comes to zero with each day; refunds of later days too."""

from datetime import timedelta

import pytest

from domain.kernel import database as db
from domain.kernel.events import Ticked
from domain.kernel.ids import new_id
from rewards import clearing, goods, ledger, partners, proving, vouchers
from rewards.chores import settle_merchants
from tests.builders.rewards import NOON, a_good, a_purse, ordered

pytestmark = pytest.mark.anyio
TODAY = NOON.date()


async def bought(good, *, now=NOON):
    me = new_id()
    await a_purse(points=50, owner=me, now=now)
    order = await ordered(good, me, now=now)
    async with db.transaction():
        await goods.confirm(order, account=me, now=now)
    return order, me


async def refunded(order, me, *, now):
    async with db.transaction():
        await goods.cancel(order, account=me, now=now)


async def next_morning(days=1):
    at = NOON + timedelta(days=days)
    async with db.transaction():
        await settle_merchants(Ticked(every="hour", at=at), event_id=1, at=at)


async def day_of(good, day):
    merchant = await db.fetch_value("select merchant from reward_good where id = $1", good)
    return await vouchers.merchant_day(merchant, day=day)


async def left_in_clearing():
    return await db.fetch_value("select balance from reward_account where kind = 'clearing'")


async def test_a_day_is_settled_to_zero_by_one_movement(sound):
    good = await a_good()
    for _ in range(3):
        await bought(good)
    order, me = await bought(good)
    await refunded(order, me, now=NOON)
    before = await day_of(good, TODAY)
    await next_morning()
    await next_morning()
    after = await day_of(good, TODAY)

    assert (before.confirmed_points, before.refunded_points, before.rest, before.difference) == (120, 30, 90, 0)
    assert (after.rest, after.difference, await left_in_clearing()) == (0, 0, 0)
    rows = await db.fetch("select amount, rule, credit from ledger_transfer where kind = 'settle'")
    assert [tuple(row) for row in rows] == [(90, f"settle/{TODAY}", ledger.sink(ledger.SPENT, "points"))]


async def test_a_refund_after_the_day_was_settled_is_settled_with_its_own_day(sound):
    good, tomorrow = await a_good(), NOON + timedelta(days=1)
    order, me = await bought(good)
    await next_morning()
    await refunded(order, me, now=tomorrow)
    owed = await left_in_clearing()
    await next_morning(days=2)

    assert (owed, await left_in_clearing()) == (-30, 0)
    days = [await day_of(good, TODAY), await day_of(good, tomorrow.date())]
    assert [(day.rest, day.difference) for day in days] == [(0, 0), (0, 0)]


async def test_todays_orders_wait_for_todays_end_and_missed_days_are_caught_up(sound):
    good = await a_good()
    await bought(good)
    await bought(good, now=NOON + timedelta(days=2))
    await next_morning(days=2)
    today = await left_in_clearing()
    await next_morning(days=5)

    assert (today, await left_in_clearing()) == (30, 0)
    assert await db.fetch_value("select count(*) from ledger_transfer where kind = 'settle'") == 2


async def test_a_settlement_that_does_not_come_to_zero_is_named(database):
    good = await a_good()
    await bought(good)
    await next_morning()
    merchant = await partners.find("green-shop", kind="merchant")
    assert merchant
    async with db.transaction():
        purse = await a_purse_of(merchant.id)
        await db.execute("set local session_replication_role = replica")
        await db.execute("update ledger_transfer set amount = amount - 1 where kind = 'settle' and debit = $1", purse)

    assert "a merchant's clearing comes to zero with each settled day" in {f.rule for f in await proving.faults()}


async def a_purse_of(merchant):
    return await clearing.account_of(merchant, now=NOON)
