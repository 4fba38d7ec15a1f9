"""Points by hand, cash for reports, sponsors: always a second officer, never a person named where none is needed."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.ids import new_id
from domain.operators import four_eyes
from domain.operators.accounts import NotOneself
from domain.operators.four_eyes import ApprovalNeeded
from domain.reports import reveals
from rewards import grants, ledger, proving, report_rewards, sponsors
from rewards.grants import CeilingReached
from rewards.sponsors import NothingToRetire
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.reports import a_report
from tests.builders.residents import a_resident
from tests.builders.rewards import NOON, a_claim, claimed, pots

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def tx(work):
    async with db.transaction():
        return await work


@pytest.fixture
async def officers(settings, database) -> tuple[UUID, UUID]:
    await seed_officers(settings)
    rows = await db.fetch(
        "select id from operator where login = any($1) order by login = $2 desc",
        [CLERK.login, REVIEWER.login],
        CLERK.login,
    )
    return rows[0]["id"], rows[1]["id"]


async def approved(approval, *, by, now=NOON):
    await tx(four_eyes.decide(approval, approve=True, operator=by, note="好", now=now))


async def a_grant(account, officer, *, amount=100, now=NOON):
    return await tx(
        grants.ask(
            account=account,
            amount=amount,
            category="compensation",
            reason="系统故障补偿",
            evidence="工单 7",
            officer=officer,
            now=now,
        )
    )


async def test_one_officer_alone_cannot_give_points(officers):
    clerk, reviewer = officers
    who = await a_resident(now=NOON)
    grant, approval = await a_grant(who.account, clerk)

    with pytest.raises(ApprovalNeeded):
        await tx(grants.post(grant, officer=clerk, now=NOON))
    with pytest.raises(NotOneself):
        await approved(approval, by=clerk)
    await approved(approval, by=reviewer)
    await tx(grants.post(grant, officer=clerk, now=NOON))
    with pytest.raises(ApprovalNeeded):
        await tx(grants.post(grant, officer=clerk, now=NOON))

    assert (await pots(who.account))["points"] == 100
    assert await proving.faults() == []


async def test_one_point_over_the_daily_ceiling_fails_and_tomorrow_is_free(officers):
    clerk, reviewer = officers
    who = await a_resident(now=NOON)
    grants_made = [await a_grant(who.account, clerk, amount=amount) for amount in (grants.DAILY_MAX, 1)]
    for _, approval in grants_made:
        await approved(approval, by=reviewer)
    await tx(grants.post(grants_made[0][0], officer=clerk, now=NOON))
    with pytest.raises(CeilingReached):
        await tx(grants.post(grants_made[1][0], officer=clerk, now=NOON))
    await tx(grants.post(grants_made[1][0], officer=clerk, now=NOON + timedelta(days=1)))

    assert (await pots(who.account))["points"] == grants.DAILY_MAX + 1
    [told] = await grants.month(NOON.date().replace(day=1))
    assert (told.category, told.points) == ("other", grants.DAILY_MAX + 1)


async def a_reward(*, sender=None, excluded=False):
    who = await a_resident(now=NOON)
    if excluded:
        await tx(report_rewards.exclude(who.account, reason="值班人员", until=None, by="test", now=NOON))
    first = await a_report(sender=who.account, now=NOON)
    second = await a_report(sender=who.account, now=NOON + timedelta(minutes=5), text="同一排口又有黑水，请尽快处理")
    case = new_id()
    reward = await tx(report_rewards.consider(case, [second, first], now=NOON))
    assert await tx(report_rewards.consider(case, [second, first], now=NOON)) is None
    return reward, first


async def decided(reward, officers, *, items=("ordinary",)):
    clerk, reviewer = officers
    approval = await tx(report_rewards.propose(reward, items=list(items), joint=[], officer=clerk, now=NOON))
    await approved(approval, by=reviewer)
    return await tx(report_rewards.decide(reward, approval=approval, officer=clerk, now=NOON))


async def test_the_first_report_is_paid_in_cash_against_a_code_that_names_nobody(officers):
    reward, first = await a_reward()
    fen = await decided(reward, officers, items=["ordinary", "serious"])
    with pytest.raises(report_rewards.ClaimRefused):
        await tx(report_rewards.claim(first, now=NOON))
    told = await tx(report_rewards.tell(now=NOON + timedelta(days=1)))
    code, shown = await tx(report_rewards.claim(first, now=NOON + timedelta(days=2)))
    with pytest.raises(report_rewards.ClaimRefused):
        await tx(report_rewards.claim(first, now=NOON + timedelta(days=2)))
    with pytest.raises(report_rewards.ClaimRefused):
        await tx(report_rewards.pay(reward, code="0" * 20, officer=new_id(), now=NOON))
    paid = await tx(report_rewards.pay(reward, code=code, officer=new_id(), now=NOON))
    with pytest.raises(report_rewards.ClaimRefused):
        await tx(report_rewards.pay(reward, code=code, officer=new_id(), now=NOON))

    assert (fen, shown, told, paid) == (100_000, 100_000, 1, 100_000)
    assert code not in str(await db.fetch("select * from report_reward"))
    assert code not in str(await db.fetch("select * from audit_entry"))


async def test_a_large_sum_needs_an_identity_and_an_unclaimed_one_expires(officers):
    reward, first = await a_reward()
    await decided(reward, officers, items=["grave"])
    await tx(report_rewards.tell(now=NOON))
    with pytest.raises(report_rewards.IdentityNeeded):
        await tx(report_rewards.claim(first, now=NOON))
    await tx(report_rewards.tell(now=NOON + report_rewards.CLAIM_WITHIN))

    assert await db.fetch_value("select state from report_reward") == "expired"


async def test_a_large_sum_is_paid_by_the_officer_who_looked_with_a_second_officers_word(officers):
    clerk, reviewer = officers
    reward, first = await a_reward()
    await decided(reward, officers, items=["grave"])
    await tx(report_rewards.tell(now=NOON))
    code, fen = await tx(report_rewards.claim(first, by_name=True, now=NOON))

    async def paid_by(officer):
        return await tx(report_rewards.pay(reward, code=code, officer=officer, now=NOON))

    with pytest.raises(report_rewards.RevealNeeded):
        await paid_by(clerk)
    asked = await tx(reveals.ask(first, purpose="reward", reason="发放重大奖励", operator=clerk, now=NOON))
    with pytest.raises(ApprovalNeeded):
        await tx(reveals.look(first, approval_id=asked, operator=clerk, now=NOON))
    await approved(asked, by=reviewer)
    await tx(reveals.look(first, approval_id=asked, operator=clerk, now=NOON))
    with pytest.raises(report_rewards.RevealNeeded):
        await paid_by(reviewer)  # who has not looked

    assert (fen, await paid_by(clerk)) == (200_000, 200_000)
    assert [look.purpose_en for look in await reveals.looks(first)] == ["to pay a reward"]


async def test_a_look_for_another_purpose_or_before_the_reward_pays_nothing(officers):
    clerk, reviewer = officers
    reward, first = await a_reward()
    for purpose, at in (("contact", NOON + timedelta(minutes=1)), ("reward", NOON - timedelta(hours=1))):
        asked = await tx(reveals.ask(first, purpose=purpose, reason="核实情况", operator=clerk, now=at))
        await approved(asked, by=reviewer, now=at)
        await tx(reveals.look(first, approval_id=asked, operator=clerk, now=at))
    await decided(reward, officers, items=["grave"])
    await tx(report_rewards.tell(now=NOON))
    code, _ = await tx(report_rewards.claim(first, by_name=True, now=NOON))

    with pytest.raises(report_rewards.RevealNeeded):
        await tx(report_rewards.pay(reward, code=code, officer=clerk, now=NOON))


async def test_a_large_sum_of_an_anonymous_report_has_no_identity_to_look_at(officers):
    reward, first = await a_reward()
    await decided(reward, officers, items=["grave"])
    await tx(report_rewards.tell(now=NOON))
    await db.execute("delete from sealed_reporter where report = $1", first)

    with pytest.raises(report_rewards.IdentityNeeded):
        await tx(report_rewards.claim(first, by_name=True, now=NOON))


async def test_staff_on_duty_are_excluded_with_the_reason():
    reward, _ = await a_reward(excluded=True)

    row = await db.fetch_row("select state, reason from report_reward where id = $1", reward)

    assert tuple(row) == ("refused", "excluded")


async def a_sponsor(officers, *, points):
    clerk, reviewer = officers
    sponsor = await tx(sponsors.register(name="绿源公司", credit_code="91110000600037341L", by="test", now=NOON))
    approval = await tx(
        four_eyes.ask(
            action=sponsors.FUND, subject=f"sponsor:{sponsor}/{points}", reason="预算", operator=clerk, now=NOON
        )
    )
    with pytest.raises(ApprovalNeeded):
        await tx(sponsors.fund(sponsor, points=points, approval=approval, officer=clerk, now=NOON))
    await approved(approval, by=reviewer)
    await tx(sponsors.fund(sponsor, points=points, approval=approval, officer=clerk, now=NOON))
    await tx(
        sponsors.campaign(
            sponsor,
            behaviour="metro",
            points=5,
            from_at=NOON - timedelta(days=1),
            until_at=NOON + timedelta(days=1),
            now=NOON,
        )
    )
    return sponsor


async def test_a_budget_pays_until_it_is_used_up_and_never_below_zero(officers):
    sponsor = await a_sponsor(officers, points=12)
    people = [new_id() for _ in range(4)]
    for me in people:
        await claimed(a_claim(me))

    assert [(await pots(me))["points"] for me in people] == [62, 62, 57, 57]
    told = await sponsors.effects(sponsor)
    assert (told.budget_left, told.people, told.points_given) == (2, None, None)
    assert await proving.faults() == []


async def test_carbon_is_retired_once_for_a_month(officers):
    sponsor = await a_sponsor(officers, points=100)
    await claimed(a_claim(new_id()))
    month = clock.local_day(NOON)
    await tx(sponsors.retire(sponsor, month=month, by="operator:1", now=NOON))
    await claimed(a_claim(new_id()))

    with pytest.raises(NothingToRetire):
        await tx(sponsors.retire(sponsor, month=month, by="operator:1", now=NOON))

    told = await sponsors.effects(sponsor)
    assert told.retired_milligrams == 579_080
    assert ledger.sink(ledger.RETIRED, "carbon") == 52


async def test_grants_over_http_need_the_second_officer(api, officers):
    clerk, reviewer = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    who = await a_resident()
    body = {
        "account": str(who.account),
        "amount": 10,
        "category": "honour",
        "reason": "环保先进个人",
        "evidence": "表彰文件 3 号",
    }
    asked = (await api.post("/v1/operator/grants", headers=clerk, json=body)).json()
    early = await api.post(f"/v1/operator/grants/{asked['id']}/post", headers=clerk)
    decision = await api.post(
        f"/v1/operator/approvals/{asked['approval']}/decision", headers=reviewer, json={"approve": True, "note": "同意"}
    )
    posted = await api.post(f"/v1/operator/grants/{asked['id']}/post", headers=clerk)

    assert (early.status_code, posted.status_code) == (403, 200), (decision.text, posted.text)
    month = (await api.get(f"/v1/ledger/grants/{clock.local_day(clock.utc_now())}")).json()
    assert month == [{"category": "other", "grants": 1, "points": 10}]
