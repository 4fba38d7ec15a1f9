"""Orders, vouchers and merchants: nothing oversold, nothing burned twice, everything refunded once."""

import asyncio
import json
from datetime import timedelta
from uuid import uuid4

import pytest

from api.case_platform import signing
from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.ids import new_id
from domain.residents import phones
from rewards import goods, partners, vouchers
from rewards.goods import LimitReached, NotOnOffer, OrderClosed, SoldOut
from rewards.ledger import BalanceTooLow
from tests.builders.residents import a_resident
from tests.builders.rewards import NOON, a_good, a_merchant, a_purse, ordered, pots

pytestmark = pytest.mark.anyio


async def in_one(work):
    async with db.transaction():
        return await work


async def remaining(good) -> int:
    return await db.fetch_value("select sum(remaining) from good_stock where good = $1", good)


async def test_an_order_is_held_confirmed_and_its_voucher_shown_again(sound):
    me, good = new_id(), await a_good()
    await a_purse(owner=me, points=50)

    order = await ordered(good, me)
    code = await in_one(goods.confirm(order, account=me, now=NOON))
    again = await in_one(goods.confirm(order, account=me, now=NOON))

    assert code == again
    assert len(code) == 32
    assert (await pots(me))["points"] == 20
    assert str(await db.fetch("select * from voucher")).count(code) == 0
    assert await remaining(good) == 99


async def test_what_cannot_be_paid_or_was_taken_before_leaves_no_trace(sound):
    poor, rich, good = new_id(), new_id(), await a_good()
    await a_purse(owner=poor, points=29)
    await a_purse(owner=rich, points=90)
    await ordered(good, rich)

    with pytest.raises(BalanceTooLow):
        await ordered(good, poor)
    with pytest.raises(LimitReached):
        await ordered(good, rich)
    with pytest.raises(NotOnOffer):
        await ordered(good, rich, now=NOON + timedelta(days=31))

    assert await remaining(good) == 99
    assert await db.fetch_value("select held from reward_account where owner = $1", rich) == 30


async def test_sold_out_gives_points_and_limit_back(sound):
    good = await a_good(stock=1)
    first, second = new_id(), new_id()
    for who in (first, second):
        await a_purse(owner=who, points=30)
    order = await ordered(good, first)
    with pytest.raises(SoldOut):
        await ordered(good, second)
    await in_one(goods.cancel(order, account=first, now=NOON))

    await ordered(good, second)

    assert await remaining(good) == 0


async def test_an_unconfirmed_order_is_void_after_a_quarter_of_an_hour(sound):
    me, good = new_id(), await a_good()
    await a_purse(owner=me, points=30)
    order = await ordered(good, me)

    assert await in_one(goods.void_old(now=NOON + timedelta(minutes=14))) == 0
    assert await in_one(goods.void_old(now=NOON + timedelta(minutes=15))) == 1
    with pytest.raises(OrderClosed):
        await in_one(goods.confirm(order, account=me, now=NOON))
    assert await remaining(good) == 100


async def test_a_refund_comes_once_and_not_after_the_voucher_was_burned(sound):
    me, good = new_id(), await a_good(per_person=2)
    await a_purse(owner=me, points=60)
    refunded, burned = await ordered(good, me), await ordered(good, me)
    codes = [await in_one(goods.confirm(order, account=me, now=NOON)) for order in (refunded, burned)]
    merchant = await partners.find("green-shop", kind="merchant")
    assert [await in_one(goods.cancel(refunded, account=me, now=NOON)) for _ in range(2)] == ["refunded", "refunded"]
    display = vouchers.display_code(burned, now=NOON)
    assert await in_one(vouchers.burn(merchant=merchant.id, code=codes[1], display=display, now=NOON))

    with pytest.raises(OrderClosed):
        await in_one(goods.cancel(burned, account=me, now=NOON))
    void = await in_one(
        vouchers.burn(merchant=merchant.id, code=codes[0], display=vouchers.display_code(refunded, now=NOON), now=NOON)
    )

    assert void is None
    assert (await pots(me))["points"] == 30
    day = await vouchers.merchant_day(merchant.id, day=clock.local_day(NOON))
    assert (day.confirmed_points, day.refunded_points, day.burned, day.difference) == (60, 30, 1, 0)


@pytest.mark.parametrize("slots", [1, 8])
async def test_a_hundred_and_twenty_people_race_for_twenty_items_and_twenty_win(sound, slots):
    good = await a_good(stock=20, slots=slots)
    people = [new_id() for _ in range(120)]
    await db.execute(
        "select ledger_post(gen_random_uuid(), 'x', 'earn', 11, ledger_account(o, 'resident', 1, $2), 30, $2, $2, 'test@1', null, '2028-11-30')"
        " from unnest($1::uuid[]) o",
        people,
        NOON,
    )

    async def race(who):
        order = await ordered(good, who)
        await in_one(goods.confirm(order, account=who, now=NOON))

    results = await asyncio.gather(*(race(who) for who in people), return_exceptions=True)

    assert sum(r is None for r in results) == 20
    assert sum(isinstance(r, SoldOut) for r in results) == 100
    assert await remaining(good) == 0
    assert await db.fetch_value("select sum(amount) from ledger_transfer where kind = 'spend'") == 20 * 30


async def test_two_accounts_of_one_phone_share_the_limit_also_after_registering_again(sound):
    good, now = await a_good(), NOON
    first, second = await a_resident(now=now), await a_resident(now=now)
    number = phones.read("13800138000")
    for who in (first, second):
        await a_purse(owner=who.account, points=30)
    await in_one(phones.bind(first.account, phone=number, proof="sms", now=now))
    await ordered(good, first.account)
    await db.execute("delete from resident_phone where account = $1", first.account)  # the old account was closed
    await in_one(phones.bind(second.account, phone=number, proof="sms", now=now))

    with pytest.raises(LimitReached):
        await ordered(good, second.account)


async def burn_call(api, key, *, code="green-shop", **body):
    raw = json.dumps(body).encode()
    headers = signing.headers(message_id=uuid4().hex, at=clock.utc_now(), body=raw, keys=(key,))
    return await api.post(
        f"/v1/merchants/{code}/burns", content=raw, headers=headers | {"Content-Type": "application/json"}
    )


async def test_the_whole_way_over_http(api):
    now = clock.utc_now()
    async with db.transaction():
        key = await a_merchant(now=now)
    good, who = await a_good(now=now), await a_resident()
    await a_purse(owner=who.account, points=45, now=now)
    listed = (await api.get("/v1/goods")).json()
    headers = who.headers | {"Idempotency-Key": "order-0001"}

    made = [await api.post("/v1/orders", headers=headers, json={"good_id": str(good)}) for _ in range(2)]
    order = made[0].json()["id"]
    shown = (await api.post(f"/v1/orders/{order}/confirm", headers=who.headers)).json()
    alone = await burn_call(api, key, voucher_code=shown["voucher_code"], display_code="00000000")
    unsigned = await burn_call(api, b"wrong", **shown)
    burned = await burn_call(api, key, **shown)
    twice = await burn_call(api, key, **shown)
    stranger = await a_resident()

    assert [g["remaining"] for g in listed] == [100]
    assert (made[0].status_code, made[1].content) == (201, made[0].content)
    assert (alone.status_code, unsigned.status_code, burned.status_code) == (422, 401, 200)
    assert twice.json() == burned.json()
    assert (await api.get("/v1/orders", headers=who.headers)).json()["items"][0]["state"] == "burned"
    assert (await api.post(f"/v1/orders/{order}/confirm", headers=stranger.headers)).status_code == 404


async def test_guessing_vouchers_is_stopped_and_tells_nothing(api):
    async with db.transaction():
        key = await a_merchant(now=clock.utc_now())

    answers = [await burn_call(api, key, voucher_code=uuid4().hex, display_code="12345678") for _ in range(6)]

    assert [a.status_code for a in answers] == [422] * 5 + [429]
    assert {a.json()["type"] for a in answers[:5]} == {answers[0].json()["type"]}
