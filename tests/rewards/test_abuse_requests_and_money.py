"""Abuse cases 13–24 and 30–34: requests, balances, vouchers, double counting, expiry. Numbers of the reference list."""

import asyncio
import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.errors import Refusal
from domain.kernel.ids import new_id
from domain.residents import phones
from rewards import goods, ledger, partners, proving, statements, vouchers
from rewards.behaviours import find, result
from rewards.goods import LimitReached, OrderClosed, SoldOut
from rewards.ledger import AmountRefused, BalanceTooLow, KeyAltered
from tests.builders.residents import a_resident
from tests.builders.rewards import (
    NOON,
    a_claim,
    a_good,
    a_purse,
    a_spending,
    an_earning,
    balance,
    claimed,
    ordered,
    posted,
    pots,
)

pytestmark = pytest.mark.anyio
CLIENTS = 64  # at once, more than there are connections


async def tx(work):
    async with db.transaction():
        return await work


async def test_abuse_13_fifty_identical_requests_have_one_effect_and_one_answer(sound):
    purse = await a_purse(points=100)
    spending = a_spending(purse)

    answers = await asyncio.gather(*(posted(spending) for _ in range(50)))

    assert {(a.transfer, a.debit_balance) for a in answers} == {(answers[0].transfer, 90)}
    assert await balance(purse) == 90


async def test_abuse_14_the_same_key_with_other_content_has_no_effect(sound):
    purse = await a_purse(points=100)
    spending = a_spending(purse)
    await posted(spending)

    with pytest.raises(KeyAltered) as refused:
        await posted(a_spending(purse, key=spending.key, amount=99))

    assert refused.value.status == 409
    assert await balance(purse) == 90


async def test_abuse_15_another_residents_key_tells_nothing(api):
    one, other, good = await a_resident(), await a_resident(), await a_good(now=clock.utc_now())
    for who in (one, other):
        await a_purse(owner=who.account, points=30, now=clock.utc_now())
    answers = [
        await api.post(
            "/v1/orders", headers=who.headers | {"Idempotency-Key": "the-same-key"}, json={"good_id": str(good)}
        )
        for who in (one, other)
    ]

    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]


async def test_abuse_16_a_hundred_parallel_orders_of_a_balance_for_one_give_one(sound):
    me, good = new_id(), await a_good(per_person=100)
    await a_purse(owner=me, points=50)

    results = await asyncio.gather(*(ordered(good, me) for _ in range(100)), return_exceptions=True)

    assert sum(isinstance(r, BalanceTooLow) for r in results) == 99


@pytest.mark.slow
async def test_abuse_17_a_thousand_people_race_for_a_hundred_items_a_hundred_times(sound):
    for _ in range(100):
        await race(people=1_000, items=100)


async def test_abuse_17_a_hundred_people_race_for_ten_items(sound):
    await race(people=100, items=10)


async def race(*, people: int, items: int) -> None:
    good, crowd = await a_good(stock=items), [new_id() for _ in range(people)]
    await db.execute(
        "select ledger_post(gen_random_uuid(), 'x', 'earn', 11, ledger_account(o, 'resident', 1, $2), 30, $2, $2, 't@1', null, '2028-11-30')"
        " from unnest($1::uuid[]) o",
        crowd,
        NOON,
    )

    clients = asyncio.Semaphore(CLIENTS)

    async def buy(who):
        async with clients:
            order = await ordered(good, who)
            await tx(goods.confirm(order, account=who, now=NOON))

    results = await asyncio.gather(*(buy(who) for who in crowd), return_exceptions=True)

    assert [sum(r is None for r in results), sum(isinstance(r, SoldOut) for r in results)] == [items, people - items]
    assert await db.fetch_value("select sum(remaining) from good_stock where good = $1", good) == 0
    assert await db.fetch_value("select sum(amount) from ledger_transfer where rule = $1", f"good:{good}") == items * 30


async def test_abuse_18_a_new_account_with_the_same_phone_keeps_the_limit(sound):
    good, number = await a_good(), phones.read("13900139000")
    first, second = await a_resident(now=NOON), await a_resident(now=NOON)
    for who in (first, second):
        await a_purse(owner=who.account, points=30)
    await tx(phones.bind(first.account, phone=number, proof="sms", now=NOON))
    await ordered(good, first.account)
    await db.execute("delete from resident_phone")
    await tx(phones.bind(second.account, phone=number, proof="sms", now=NOON))

    with pytest.raises(LimitReached):
        await ordered(good, second.account)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amount=st.one_of(st.integers(-(2**70), 0), st.integers(2**53 + 1, 2**70)), swapped=st.booleans())
async def test_abuse_19_no_strange_amount_or_direction_raises_a_balance(database, amount, swapped):
    purse = await a_purse()
    movement = a_spending(purse, amount=amount) if swapped else an_earning(purse, amount=amount)

    with pytest.raises(Refusal):
        await posted(movement)

    assert await balance(purse) == 0


async def test_abuse_20_amounts_up_to_two_to_the_fifty_third_are_whole(sound):
    purse = await a_purse(points=2**53)
    with pytest.raises(AmountRefused):
        await posted(an_earning(purse, amount=2**53 + 1))
    await posted(an_earning(purse, amount=2**53))

    assert await balance(purse) == 2**54


async def test_abuse_21_spending_before_the_earning_is_reversed_leaves_a_debt_and_no_negative_balance(sound):
    owner = new_id()
    purse = await a_purse(owner=owner)
    earned = await posted(an_earning(purse, amount=40))
    await posted(a_spending(purse, amount=40))
    await tx(ledger.reverse(key=new_id(), transfer=earned.transfer, now=NOON, rule="fraud"))
    low = (await statements.balances(owner))[0]
    await posted(an_earning(purse, amount=60))

    assert (low.balance, low.debt) == (0, 40)
    assert (await statements.balances(owner))[0].balance == 20


async def a_voucher(me):
    good = await a_good()
    await a_purse(owner=me, points=30)
    order = await ordered(good, me)
    return (
        order,
        await tx(goods.confirm(order, account=me, now=NOON)),
        await partners.find("green-shop", kind="merchant"),
    )


async def test_abuse_22_no_refund_after_pickup_and_the_merchants_day_comes_to_zero(sound):
    me = new_id()
    order, code, merchant = await a_voucher(me)
    await tx(vouchers.burn(merchant=merchant.id, code=code, display=vouchers.display_code(order, now=NOON), now=NOON))

    with pytest.raises(OrderClosed):
        await tx(goods.cancel(order, account=me, now=NOON))

    assert (await vouchers.merchant_day(merchant.id, day=clock.local_day(NOON))).difference == 0


async def test_abuse_23_unknown_used_and_wrong_vouchers_look_the_same_and_five_misses_end_it(database):
    order, code, merchant = await a_voucher(new_id())
    misses = [
        await tx(vouchers.burn(merchant=merchant.id, code=wrong, display="00000000", now=NOON))
        for wrong in ("0" * 32, code, "f" * 32, code, "a" * 32)
    ]

    assert misses == [None] * 5
    assert not await vouchers.may_try(merchant.id, now=NOON)
    assert await vouchers.may_try(merchant.id, now=NOON + timedelta(hours=1))
    assert code not in str(await db.fetch("select * from voucher where id = $1", order))


async def test_abuse_24_a_merchant_cannot_burn_alone_and_a_repeat_gets_the_first_receipt(sound):
    order, code, merchant = await a_voucher(new_id())
    alone = await tx(vouchers.burn(merchant=merchant.id, code=code, display="12345678", now=NOON))
    shown = vouchers.display_code(order, now=NOON)
    late = await tx(vouchers.burn(merchant=merchant.id, code=code, display=shown, now=NOON + timedelta(minutes=2)))
    first = await tx(vouchers.burn(merchant=merchant.id, code=code, display=shown, now=NOON))
    again = await tx(vouchers.burn(merchant=merchant.id, code=code, display="whatever", now=NOON))

    assert (alone, late) == (None, None)
    assert first == again


async def test_abuse_30_one_trip_in_two_programmes_is_one_award(sound):
    me = new_id()
    for feed in ("metro-co", "city-card"):
        await claimed(a_claim(me, external_id="trip-9", feed=feed))

    assert (await pots(me))["carbon"] == 579_080


async def test_abuse_31_of_overlapping_deeds_only_the_better_counts(sound):
    me = new_id()
    await claimed(a_claim(me, code="bus", source="bus", inputs={"distance_km": Decimal(3)}), a_claim(me))

    assert (await pots(me))["carbon"] == 579_080


async def test_abuse_32_the_factor_is_that_of_the_day_and_sending_again_changes_nothing(sound):
    me, at = new_id(), NOON.replace(month=1, day=14)
    old = a_claim(me, code="solar", source="grid", inputs={"energy_kwh": Decimal(10)}, at=at, external_id="m-1")
    await claimed(old, now=at)
    await claimed(old, now=NOON)

    assert (await pots(me))["carbon"] == 5_366_000
    assert (
        result(find("solar"), inputs=dict(old.inputs), day=date(2026, 1, 16), region="national").milligrams == 5_306_000
    )


async def test_abuse_33_a_hundred_crumbs_are_worth_no_more_than_their_sum(sound):
    me = new_id()
    for n in range(8):
        crumb = {"inputs": {"distance_km": Decimal("0.05")}, "minutes": 1}
        await claimed(a_claim(me, at=NOON - timedelta(minutes=5 * n), **crumb))

    assert await pots(me) == {"points": 1, "carbon": 8 * 2_335, "minutes": 0}


async def test_abuse_34_spending_and_expiry_at_the_same_moment_never_both_never_neither(database):
    purses = [await a_purse() for _ in range(120)]
    await tx(ledger.post_batch([an_earning(p, amount=30, expires=date(2026, 10, 31)) for p in purses], now=NOON))
    dice = random.Random(3)

    async def expire():
        await asyncio.sleep(dice.random() / 50)
        await tx(db.fetch("select * from ledger_expire('2026-10-31', 0, 1000, $1)", NOON))

    async def spend(purse):
        await asyncio.sleep(dice.random() / 20)
        await posted(a_spending(purse, amount=30))

    results = await asyncio.gather(*(expire() for _ in range(4)), *(spend(p) for p in purses), return_exceptions=True)
    kinds = await db.fetch(
        "select kind, count(*) as n from ledger_transfer where kind in ('spend', 'expire') group by kind"
    )

    assert {type(r) for r in results} <= {type(None), ledger.Posted, BalanceTooLow}
    assert sum(row["n"] for row in kinds) == len(purses)
    assert [await balance(p) for p in purses] == [0] * len(purses)
    assert await proving.faults() == []
