"""Closing an account: points given up by a movement, score, places and names gone, the ledger whole and verifiable."""

from datetime import timedelta

import pytest

from api.wiring import SUBSCRIBERS
from domain.kernel import clock, handling
from domain.kernel import database as db
from domain.residents import phones
from rewards import badges, certificates, goods, handlers, sealing, steps
from tests.builders.residents import a_resident
from tests.builders.rewards import a_claim, a_good, an_event, claimed, ordered, pots, signed_up, state_of
from tests.rewards.test_peer_review import a_plate

pytestmark = pytest.mark.anyio


async def closed(api, who):
    """Closes the account as its owner does, and lets every room hear it."""
    answer = await api.delete("/v1/me", headers=who.headers)
    assert answer.is_success, answer.text
    ids = [row["id"] for row in await db.fetch("select id from outbox_event where name = 'AccountClosed'")]
    for _ in range(2):
        await handling.handle(ids, subscribers=SUBSCRIBERS, now=clock.utc_now())
    assert await db.fetch_value("select count(*) from outbox_event where error is not null") == 0


async def test_what_is_left_is_given_up_and_the_ledger_still_adds_up_and_proves(api, sound):
    who, now = await a_resident(), clock.utc_now()
    await claimed(a_claim(who.account, at=now), now=now)
    good = await a_good(now=now, price=30)
    await ordered(good, who.account, now=now)
    async with db.transaction():
        await sealing.seal(now=now)
    before = await pots(who.account)
    await closed(api, who)
    async with db.transaction():
        await sealing.seal(now=now)

    assert (before["points"], before["carbon"]) == (57, 579_080)
    assert await pots(who.account) == {"points": 0, "carbon": 579_080, "minutes": 0}
    forfeits = await db.fetch("select amount, rule from ledger_transfer where kind = 'forfeit'")
    assert [tuple(row) for row in forfeits] == [(57, "account-closed")]
    assert await db.fetch_value("select state from redemption_order") == "void"
    assert await sealing.broken_blocks() == []


async def test_score_board_places_names_and_links_go(api, settings):
    who, other, now = await a_resident(), await a_resident(), clock.utc_now()
    async with db.transaction():
        await phones.bind(who.account, phone=phones.read("13800138000"), proof="sms", now=now)
    event = await an_event(now=now + timedelta(days=1), published=now, capacity=1)
    for each in (who, other):
        await signed_up(event, each.account, now=now)
    held = await a_plate(who.account, now=now)
    place = {"start": {"lat": 30.44, "lon": 120.02}, "end": {"lat": 30.45, "lon": 120.03}}
    await claimed(a_claim(who.account, at=now, detail=place), now=now)
    async with db.transaction():
        await steps.take(who.account, [steps.StepsOfDay(clock.local_day(now), 5_000)], now=now)
        issued = await certificates.issue(
            who.account, kind="carbon", name="张三丰", from_day=now.date(), to_day=now.date(), now=now
        )
    await api.post("/v1/me/score", headers=who.headers)
    await closed(api, who)

    assert await state_of(held) == ("refused", "account-closed")
    states = await db.fetch("select account, state, device_key from activity_signup")
    assert {row["account"]: row["state"] for row in states} == {who.account: "cancelled", other.account: "in"}
    for table in ("score_member", "step_day", "board_member", "team_member"):
        assert await db.fetch_value(f"select count(*) from {table}") == 0
    claims = str(await db.fetch("select person, detail from reward_claim"))
    assert "30.4" not in claims
    assert "account:" in claims
    phone = phones.number_hash("+8613800138000").hex()
    assert phone not in claims + str(await db.fetch("select person from activity_signup"))
    assert await db.fetch_value("select name_sealed from reward_certificate") == b""
    checked = (await api.get(f"/v1/certificates/{issued.number}")).json()
    assert checked["statement"]["holder"] == "张**" if "statement" in checked else "张**" in str(checked)


async def test_a_limit_outlives_the_account_and_a_closed_one_earns_nothing(api, sound):
    who, now = await a_resident(), clock.utc_now()
    async with db.transaction():
        await phones.bind(who.account, phone=phones.read("13800138000"), proof="sms", now=now)
    good = await a_good(now=now, price=30)
    await claimed(a_claim(who.account, at=now), now=now)
    order = await ordered(good, who.account, now=now)
    async with db.transaction():
        await goods.confirm(order, account=who.account, now=now)
    await closed(api, who)
    again = await a_resident()
    async with db.transaction():
        await phones.bind(again.account, phone=phones.read("13800138000"), proof="sms", now=now)
    await claimed(a_claim(again.account, at=now - timedelta(hours=3)), now=now)

    with pytest.raises(goods.LimitReached):
        await ordered(good, again.account, now=now)
    assert await badges.lifetime_points(again.account) > 0
    assert await handlers.closing.still_open({who.account, again.account}) == [again.account]
