"""Inviting pays after the invited person's first verified deed, once per person, a week later."""

from datetime import timedelta

import pytest

from api.wiring import SUBSCRIBERS
from domain.kernel import clock, handling
from domain.kernel import database as db
from domain.residents import phones
from rewards import invitations
from rewards.invitations import InvitationRefused
from tests.builders.residents import a_resident
from tests.builders.rewards import a_claim, claimed, state_of

pytestmark = pytest.mark.anyio
PHONE = "13800138000"


async def with_phone(who, number=PHONE):
    async with db.transaction():
        await phones.bind(who.account, phone=phones.read(number), proof="sms", now=clock.utc_now())
    return who


async def accepted(who, code):
    async with db.transaction():
        await invitations.accept(who.account, code=code, now=clock.utc_now())


async def earns(who, *, hours=1):
    """A deed, with everybody who listens to its award."""
    now = clock.utc_now()
    await claimed(a_claim(who.account, at=now - timedelta(hours=hours)), now=now)
    ids = [row["id"] for row in await db.fetch("select id from outbox_event where name = 'PointsAwarded'")]
    await handling.handle(ids, subscribers=SUBSCRIBERS, now=now)
    assert await db.fetch_value("select count(*) from outbox_event where error is not null") == 0


async def referrals():
    return [row["id"] for row in await db.fetch("select id from reward_claim where behaviour = 'invitation'")]


async def test_the_first_deed_of_an_invited_neighbour_makes_one_claim_that_waits_a_week(api):
    inviter, friend = await a_resident(), await with_phone(await a_resident())
    code = (await api.get("/v1/me/invitation", headers=inviter.headers)).json()["code"]
    answer = await api.post("/v1/me/invitation", headers=friend.headers, json={"code": code})
    nothing_yet = await referrals()
    await earns(friend)
    await earns(friend, hours=3)
    [claim] = await referrals()
    ids = [row["id"] for row in await db.fetch("select id from outbox_event where name = 'ClaimsReceived'")]
    await handling.handle(ids, subscribers=SUBSCRIBERS, now=clock.utc_now())

    assert (answer.status_code, nothing_yet) == (204, [])
    assert await state_of(claim) == ("held", "hold-period")
    assert await db.fetch_value("select account from reward_claim where id = $1", claim) == inviter.account


async def test_without_a_verified_phone_the_claim_waits_for_one(database):
    inviter, friend = await a_resident(), await a_resident()
    await accepted(friend, await invitations.code_of(inviter.account))
    await earns(friend)
    early = await referrals()
    await with_phone(friend)
    await earns(friend, hours=3)

    assert (early, len(await referrals())) == ([], 1)


async def test_one_phone_is_one_friend_however_often_it_registers(database):
    inviter, friend = await a_resident(), await with_phone(await a_resident())
    code = await invitations.code_of(inviter.account)
    await accepted(friend, code)
    await earns(friend)
    await db.execute("delete from resident_phone where account = $1", friend.account)
    again = await with_phone(await a_resident())
    await accepted(again, code)
    await earns(again, hours=5)

    assert len(await referrals()) == 1


async def test_nobody_invites_themselves_an_old_account_or_one_with_points(database):
    inviter, now = await with_phone(await a_resident()), clock.utc_now()
    code = await invitations.code_of(inviter.account)
    old, rich = await a_resident(now=now - timedelta(days=31)), await a_resident()
    await earns(rich)
    fresh = await a_resident()
    await accepted(fresh, code)

    for who, given in ((inviter, code), (old, code), (rich, code), (fresh, code), (await a_resident(), "ZZZZZZZZZZ")):
        with pytest.raises(InvitationRefused):
            await accepted(who, given)
    assert await invitations.code_of(inviter.account) == code
