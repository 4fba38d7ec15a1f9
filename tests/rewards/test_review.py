"""Photographs as proof, the review queue, refusal with a reason, appeal to another person."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.errors import Invalid
from domain.kernel.events import Ticked
from domain.kernel.ids import new_id
from rewards import review
from rewards.chores import pay_waited_claims
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.residents import a_resident
from tests.builders.rewards import NOON, a_claim, claimed, pots, state_of

pytestmark = pytest.mark.anyio


def a_plate(account, **changes):
    return a_claim(account, code="clean-plate", source="photo", inputs={"meals": Decimal(1)}, minutes=0, **changes)


async def test_a_photo_waits_for_a_person_and_is_then_paid(sound):
    me = new_id()
    [claim] = await claimed(a_plate(me))
    waiting = await state_of(claim)
    [seen] = await review.queue(after=None)
    async with db.transaction():
        await review.decide(claim, accept=True, reason=None, by="operator:1", now=NOON)

    assert waiting == ("held", "awaiting-review")
    assert "account" not in seen
    assert (await pots(me))["carbon"] == 232_500
    with pytest.raises(review.DecidedAlready):
        async with db.transaction():
            await review.decide(claim, accept=True, reason=None, by="operator:1", now=NOON)


async def test_a_refusal_needs_a_reason_and_its_appeal_another_person(sound):
    me = new_id()
    [claim] = await claimed(a_plate(me))
    with pytest.raises(Invalid):
        async with db.transaction():
            await review.decide(claim, accept=False, reason="because", by="operator:1", now=NOON)
    async with db.transaction():
        await review.decide(claim, accept=False, reason="not-convincing", by="operator:1", now=NOON)
        appeal = await review.appeal(claim, account=me, words="盘子是空的", now=NOON)
    with pytest.raises(review.SamePerson):
        async with db.transaction():
            await review.decide_appeal(appeal, grant=True, answer="好的", by="operator:1", now=NOON)
    async with db.transaction():
        await review.decide_appeal(appeal, grant=True, answer="照片清楚", by="operator:2", now=NOON)

    assert (await pots(me))["carbon"] == 232_500
    with pytest.raises(review.AppealRefused):
        async with db.transaction():
            await review.appeal(claim, account=me, words="再来一次", now=NOON)


async def test_a_referral_waits_seven_days(sound):
    me = new_id()
    [claim] = await claimed(
        a_claim(me, code="invitation", source="invitation", inputs={"friends": Decimal(1)}, minutes=0)
    )

    async def hour(at):
        async with db.transaction():
            await pay_waited_claims(Ticked(every="hour", at=at), event_id=1, at=at)

    await hour(NOON + timedelta(days=6))
    early = await state_of(claim)
    await hour(NOON + timedelta(days=7))

    assert early == ("held", "hold-period")
    assert (await pots(me))["points"] == 10


async def test_officers_work_the_queue_over_http(api, settings):
    await seed_officers(settings)
    clerk, other = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    who, now = await a_resident(), clock.utc_now()
    [claim] = await claimed(a_plate(who.account, at=now), now=now)

    held = (await api.get("/v1/operator/claims", headers=clerk)).json()["items"]
    refused = await api.post(
        f"/v1/operator/claims/{claim}/decision", headers=clerk, json={"accept": False, "reason": "not-convincing"}
    )
    mine = (await api.get("/v1/claims", headers=who.headers)).json()["items"][0]
    appeal = await api.post(f"/v1/claims/{claim}/appeal", headers=who.headers, json={"words": "请再看一次"})
    same = await api.post(
        f"/v1/operator/appeals/{appeal.json()['appeal']}/decision",
        headers=clerk,
        json={"grant": True, "answer": "可以"},
    )
    granted = await api.post(
        f"/v1/operator/appeals/{appeal.json()['appeal']}/decision",
        headers=other,
        json={"grant": True, "answer": "可以"},
    )

    assert [h["id"] for h in held] == [str(claim)]
    assert (refused.status_code, mine["reason_zh"]) == (200, "凭证不足以证明该行为")
    assert (same.status_code, granted.json()["points"]) == (403, 23)
    assert (
        await api.post(f"/v1/claims/{uuid4()}/appeal", headers=who.headers, json={"words": "别人的"})
    ).status_code == 404
