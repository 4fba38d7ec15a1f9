"""Residents judge photographs: independent votes, never own or team mates', disputes to an officer, agreement counted."""

from decimal import Decimal

import pytest

from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.errors import Invalid, NotFound
from domain.kernel.ids import new_id
from rewards import peer_review, review
from rewards.peer_review import NotAReviewer, VotedAlready
from tests.builders.operators import CLERK, seed_officers, signed_in
from tests.builders.residents import a_resident
from tests.builders.rewards import NOON, a_claim, claimed, pots, state_of

pytestmark = pytest.mark.anyio


async def an_experienced_one(account=None, *, now=NOON):
    """Somebody who has earned the level with which reviewing opens."""
    account = account or new_id()
    await claimed(a_claim(account, at=now), now=now)
    await db.execute("update reward_award set points = 500 where account = $1", account)
    return account


async def a_plate(account=None, *, peers="yes", now=NOON):
    [claim] = await claimed(
        a_claim(
            account or new_id(),
            at=now,
            code="clean-plate",
            source="photo",
            inputs={"meals": Decimal(1)},
            minutes=0,
            detail={"photos": [str(new_id())], "peers": peers},
        ),
        now=now,
    )
    return claim


async def voted(claim, reviewer, *, accept=True, reason=None, now=NOON):
    async with db.transaction():
        return await peer_review.vote(claim, reviewer=reviewer, accept=accept, reason=reason, now=now)


async def test_three_equal_votes_pay_and_the_reviewers_agreed(sound):
    me, reviewers = new_id(), [await an_experienced_one() for _ in range(3)]
    claim = await a_plate(me)
    states = [await voted(claim, reviewer) for reviewer in reviewers]

    assert states == ["waiting", "waiting", "accepted"]
    assert (await pots(me))["carbon"] == 232_500
    assert {(r.settled, r.agreed) for r in await peer_review.reviewers()} == {(1, 1)}


async def test_three_refusals_refuse_with_the_common_reason(sound):
    claim = await a_plate()
    for reason in ("not-convincing", "photo-seen-before", "not-convincing"):
        await voted(claim, await an_experienced_one(), accept=False, reason=reason)

    assert await state_of(claim) == ("refused", "not-convincing")


async def test_a_dispute_goes_to_an_officer_whose_word_settles_who_agreed(sound):
    claim, reviewers = await a_plate(), [await an_experienced_one() for _ in range(3)]
    for reviewer, accept in zip(reviewers, (True, False, True), strict=True):
        last = await voted(claim, reviewer, accept=accept, reason="not-convincing")
    held = await state_of(claim)
    [seen] = await review.queue(after=None)
    async with db.transaction():
        await review.decide(claim, accept=True, reason=None, by="operator:1", now=NOON)

    assert (last, held, seen["id"]) == ("disputed", ("held", "peers-disagree"), claim)
    agreed = {r.reviewer: r.agreed for r in await peer_review.reviewers()}
    assert [agreed[reviewer] for reviewer in reviewers] == [1, 0, 1]


async def test_nobody_judges_own_claims_team_mates_or_twice_and_never_without_the_senders_word(sound):
    me, mate, reviewer = await an_experienced_one(), await an_experienced_one(), await an_experienced_one()
    team = new_id()
    await db.execute("insert into team (id, name, made_at) values ($1, 'A', now())", team)
    for account in (me, mate):
        await db.execute("insert into team_member values ($1, $2, $3, now())", new_id(), team, account)
    claim, private = await a_plate(me), await a_plate(peers="no")
    for who in (me, mate):
        assert await peer_review.next_for(who, now=NOON) is None
        with pytest.raises(NotFound):
            await voted(claim, who)
    with pytest.raises(NotFound):
        await voted(private, reviewer)
    shown = await peer_review.next_for(reviewer, now=NOON)
    await voted(claim, reviewer)
    with pytest.raises(VotedAlready):
        await voted(claim, reviewer)
    with pytest.raises(Invalid):
        await voted(claim, reviewer, accept=False, reason="because")

    assert shown is not None
    assert (shown.claim, str(me) in repr(shown)) == (claim, False)


async def test_two_accounts_of_one_phone_are_one_person(sound):
    reviewer, claim = await an_experienced_one(), await a_plate()
    await db.execute("update reward_claim set person = $2 where id = $1", claim, f"account:{reviewer}")

    assert await peer_review.next_for(reviewer, now=NOON) is None


async def test_beginners_and_those_the_results_contradict_are_not_asked(sound):
    beginner, wrong = new_id(), await an_experienced_one()
    claims = [await a_plate() for _ in range(11)]
    for claim in claims[:10]:
        await voted(claim, wrong)
        async with db.transaction():
            await review.decide(claim, accept=False, reason="not-convincing", by="operator:1", now=NOON)

    for who in (beginner, wrong):
        with pytest.raises(NotAReviewer):
            await voted(claims[10], who)


async def test_reviewing_over_http(api, settings):
    await seed_officers(settings)
    now, who = clock.utc_now(), await a_resident()
    await an_experienced_one(who.account, now=now)
    claim = await a_plate(now=now)
    shown = (await api.get("/v1/peer-reviews/next", headers=who.headers)).json()["claim"]
    answer = await api.post(f"/v1/peer-reviews/{claim}", headers=who.headers, json={"accept": True})
    nothing = await api.get("/v1/peer-reviews/next", headers=who.headers)
    beginner = await api.get("/v1/peer-reviews/next", headers=(await a_resident()).headers)
    listed = await api.get("/v1/operator/peer-reviewers", headers=await signed_in(api, CLERK))

    assert (shown["claim"], shown["title_zh"]) == (str(claim), "光盘行动")
    assert (answer.json(), nothing.json()) == ({"state": "waiting"}, {"claim": None, "may_review": True})
    assert beginner.json() == {"claim": None, "may_review": False}
    assert [r["votes"] for r in listed.json()] == [1]
