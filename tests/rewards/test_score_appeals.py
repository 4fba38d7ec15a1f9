"""A term of the score is looked at by a person in time, and a second time by another person."""

from datetime import timedelta

import pytest

from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.errors import NotFound
from rewards import score, score_appeals
from rewards.score_appeals import AppealOpen, SameOfficer
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.residents import a_resident
from tests.builders.rewards import NOON, a_claim, claimed

pytestmark = pytest.mark.anyio


async def a_member(*, now=NOON):
    who = await a_resident(now=now)
    await claimed(a_claim(who.account, at=now - timedelta(days=1)), now=now)
    async with db.transaction():
        await score.join(who.account, now=now)
    return who


async def appealed(account, *, term="low-carbon", now=NOON):
    async with db.transaction():
        return await score_appeals.make(account, term=term, words="少算了一次地铁", now=now)


async def decided(appeal, *, by="operator:1", outcome="upheld", now=NOON):
    async with db.transaction():
        await score_appeals.decide(appeal, outcome=outcome, answer="已核对", by=by, now=now)


async def test_the_second_appeal_is_another_persons_and_there_is_no_third(database):
    who = await a_member()
    first, due = await appealed(who.account)
    with pytest.raises(AppealOpen):
        await appealed(who.account)
    await decided(first)
    with pytest.raises(NotFound):
        await decided(first, by="operator:2")
    second, _ = await appealed(who.account)
    with pytest.raises(SameOfficer):
        await decided(second)
    await decided(second, by="operator:2", outcome="corrected")
    with pytest.raises(AppealOpen):
        await appealed(who.account)

    assert due.isoformat() == "2026-12-11"  # fifteen working days after Saturday 21 November
    assert [a["round"] for a in await score_appeals.mine(who.account, now=NOON)] == [2, 1]


async def test_an_unanswered_appeal_is_late_after_its_last_day(database):
    who = await a_member()
    await appealed(who.account)

    async def late(days):
        [open_one] = await score_appeals.waiting(now=NOON + timedelta(days=days))
        return open_one["late"]

    assert [await late(20), await late(21)] == [False, True]


async def test_only_members_appeal_and_leaving_erases_the_words(database):
    who, stranger = await a_member(), await a_resident(now=NOON)
    with pytest.raises(NotFound):
        await appealed(stranger.account)
    with pytest.raises(NotFound):
        await appealed(who.account, term="obedience")
    first, _ = await appealed(who.account)
    await decided(first)
    await appealed(who.account)
    async with db.transaction():
        await score.leave(who.account)

    assert await db.fetch_value("select count(*) from score_appeal") == 0


async def test_the_officer_sees_the_term_and_its_awards_but_nobodys_name(api, settings):
    await seed_officers(settings)
    clerk, other = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    who = await a_member(now=clock.utc_now())
    sent = {"term": "low-carbon", "words": "少算了一次地铁"}
    made = await api.post("/v1/me/score/appeals", headers=who.headers, json=sent)
    [shown] = (await api.get("/v1/operator/score-appeals", headers=clerk)).json()
    answer = {"outcome": "upheld", "answer": "每次行程都在列"}
    first = await api.post(f"/v1/operator/score-appeals/{shown['id']}/answer", headers=clerk, json=answer)
    again = (await api.post("/v1/me/score/appeals", headers=who.headers, json=sent)).json()["appeal"]
    same = await api.post(f"/v1/operator/score-appeals/{again}/answer", headers=clerk, json=answer)
    done = await api.post(f"/v1/operator/score-appeals/{again}/answer", headers=other, json=answer)
    mine = (await api.get("/v1/me/score/appeals", headers=who.headers)).json()

    assert (made.status_code, len(shown["awards"]), shown["value"]) == (201, 1, 579_080)
    assert str(who.account) not in str(shown)
    assert (first.status_code, same.status_code, done.status_code) == (204, 403, 204)
    assert [a["answer"] for a in mine] == ["每次行程都在列"] * 2
