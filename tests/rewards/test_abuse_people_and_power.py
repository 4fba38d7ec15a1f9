"""Abuse cases 25–29 and 35–41: collusion, insiders, rewarded reports, evidence, budgets. Numbers of the reference list."""

import asyncio
import json
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.errors import NotFound
from domain.kernel.events import Ticked
from domain.kernel.ids import new_id
from domain.operators.four_eyes import ApprovalNeeded
from rewards import (
    attendance,
    awarding,
    badges,
    collusion,
    grants,
    ledger,
    proving,
    publishing,
    report_rewards,
    score,
    sealing,
    sponsors,
)
from rewards.attendance import NotOneself
from rewards.chores import pay_waited_claims
from rewards.ledger import Movement
from tests.builders.operators import seed_officers
from tests.builders.reports import a_report
from tests.builders.residents import a_resident
from tests.builders.rewards import (
    NOON,
    a_check,
    a_claim,
    a_purse,
    a_spending,
    an_event,
    claimed,
    posted,
    pots,
    signed_up,
    state_of,
)

pytestmark = pytest.mark.anyio


async def tx(work):
    async with db.transaction():
        return await work


async def confirmed_by(organiser, volunteer, *, at):
    """An hour that `organiser` confirms for `volunteer`, at an activity of an organisation of their own."""
    event = await an_event(now=at, organiser=organiser)
    await signed_up(event, volunteer, now=at)
    await tx(attendance.check_in(event.id, account=volunteer, check=a_check(event, at=at), now=at))
    out = at + timedelta(minutes=40)
    leaving = a_check(event, direction="out", at=out)
    await tx(attendance.check_out(event.id, account=volunteer, check=leaving, now=out))
    [there] = await attendance.waiting_for_confirmation(event.id, organiser=organiser)
    await tx(attendance.confirm(there["id"], organiser=organiser, accept=True, now=out))


async def test_abuse_25_a_ring_of_five_is_seen_and_a_family_of_four_is_not(database):
    ring, (mother, father, child, aunt) = [new_id() for _ in range(5)], (new_id() for _ in range(4))
    for n, one in enumerate(ring):
        await confirmed_by(one, ring[(n + 1) % 5], at=NOON + timedelta(days=n))
    for n, (one, other) in enumerate([(mother, father), (mother, child), (aunt, mother)]):
        await confirmed_by(one, other, at=NOON + timedelta(days=n, hours=4))

    assert await collusion.rings(since=NOON - timedelta(days=1)) == [set(ring)]


async def test_abuse_25_an_organiser_confirms_nobody_like_himself(database):
    event = await an_event()
    await signed_up(event, event.organiser)

    with pytest.raises(NotOneself):
        await tx(attendance.scan_by_staff(event.id, account=event.organiser, staff=event.organiser, now=NOON))

    assert await collusion.rings(since=NOON - timedelta(days=30)) == []


async def test_abuse_26_a_referral_waits_a_week_and_three_a_day_are_the_most(database):
    me = new_id()
    plain = {"code": "invitation", "source": "invitation", "inputs": {"friends": Decimal(1)}, "minutes": 0}
    ids = [claim for n in range(5) for claim in await claimed(a_claim(me, external_id=f"f{n}", **plain))]
    waiting = {await state_of(claim) for claim in ids}
    later = NOON + timedelta(days=7)
    await tx(pay_waited_claims(Ticked(every="hour", at=later), event_id=1, at=later))
    paid = sorted([await state_of(claim) for claim in ids], key=str)

    assert waiting == {("held", "hold-period")}
    assert paid == [("awarded", None)] * 3 + [("refused", "cap-reached")] * 2
    assert (await pots(me))["points"] == 30


async def test_abuse_27_one_officer_alone_cannot_grant(settings, database):
    await seed_officers(settings)
    officer = await db.fetch_value("select id from operator limit 1")
    who = await a_resident(now=NOON)
    grant, _ = await tx(
        grants.ask(
            account=who.account, amount=5, category="honour", reason="表彰", evidence="文件", officer=officer, now=NOON
        )
    )

    with pytest.raises(ApprovalNeeded):
        await tx(grants.post(grant, officer=officer, now=NOON))

    assert (await pots(who.account))["points"] == 0


async def test_abuse_28_nobody_gets_hours_without_their_own_acceptance(database):
    event, stranger = await an_event(), new_id()

    with pytest.raises(NotFound):
        await tx(attendance.scan_by_staff(event.id, account=stranger, staff=event.organiser, now=NOON))


async def test_abuse_29_a_hasty_activity_pays_only_after_sampling(database):
    event, me = await an_event(published=NOON - timedelta(hours=1), minutes_min=1), new_id()
    await signed_up(event, me)
    await tx(attendance.check_in(event.id, account=me, check=a_check(event), now=NOON))
    end = NOON + timedelta(minutes=40)
    await tx(attendance.check_out(event.id, account=me, check=a_check(event, direction="out", at=end), now=end))
    [there] = await attendance.waiting_for_confirmation(event.id, organiser=event.organiser)
    claim = await tx(attendance.confirm(there["id"], organiser=event.organiser, accept=True, now=end))
    await tx(awarding.settle(claim, now=end))

    assert await state_of(claim) == ("held", "activity-sampled")
    assert (await pots(me))["points"] == 0


async def test_abuse_35_a_report_split_in_two_is_one_reward_for_the_first(database):
    who = await a_resident(now=NOON)
    first = await a_report(sender=who.account, now=NOON)
    second = await a_report(sender=who.account, now=NOON + timedelta(minutes=5), text="同一处，换个角度再报一次")
    case = new_id()
    rewards = [await tx(report_rewards.consider(case, order, now=NOON)) for order in ([second, first], [first, second])]

    assert rewards[1] is None
    assert await db.fetch_value("select report from report_reward") == first


async def test_abuse_36_staff_on_duty_earn_no_report_reward(database):
    who = await a_resident(now=NOON)
    await tx(report_rewards.exclude(who.account, reason="当班人员", until=None, by="operator:1", now=NOON))
    report = await a_report(sender=who.account, now=NOON)
    await tx(report_rewards.consider(new_id(), [report], now=NOON))

    assert await db.fetch_value("select reason from report_reward") == "excluded"


async def test_abuse_37_a_database_dump_gives_no_usable_payout_code(database, caplog):
    report = await a_report(now=NOON)
    reward = await tx(report_rewards.consider(new_id(), [report], now=NOON))
    await db.execute("update report_reward set state = 'decided', fen = 50000")
    await tx(report_rewards.tell(now=NOON))
    code, _ = await tx(report_rewards.claim(report, now=NOON))
    tables = await db.fetch(
        "select table_name as t from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    dump = "".join([str(await db.fetch(f'select * from "{row["t"]}"')) for row in tables])

    assert len(code) * 5 >= 80
    assert code not in dump
    assert code not in caplog.text
    assert reward is not None


async def test_abuse_37_guessing_receipt_codes_for_a_reward_is_locked(api):
    guess = {"number": "GW-20261121-000001", "code": "AAAA-BBBB-CCCC-DDDD"}
    answers = [(await api.post("/v1/receipts/reward", json=guess)).status_code for _ in range(8)]

    assert answers[:5] == [404] * 5
    assert answers[5:] == [429] * 3


async def test_abuse_38_decided_rewards_are_told_together_and_small_totals_name_nobody(database):
    reports = [await a_report(now=NOON + timedelta(minutes=n), text=f"第 {n} 处排口有黑水") for n in range(3)]
    for report in reports:
        await tx(report_rewards.consider(new_id(), [report], now=NOON))
    await db.execute("update report_reward set state = 'decided', fen = 50000")
    with pytest.raises(report_rewards.ClaimRefused):
        await tx(report_rewards.claim(reports[0], now=NOON))
    told = await tx(report_rewards.tell(now=NOON + timedelta(days=1)))
    await claimed(a_claim(new_id(), code="verified-report", source="report", inputs={"reports": Decimal(1)}, minutes=0))
    await tx(publishing.publish(clock.local_day(NOON), now=NOON + timedelta(days=1)))
    statement = json.loads((await publishing.statement(clock.local_day(NOON)))[0])

    assert told == 3
    assert "verified-report" not in {t["rule"].split("@")[0] for t in statement["totals"]}
    with pytest.raises(badges.BoardOff):
        await badges.board(since=NOON)


async def test_abuse_39_an_edited_row_is_named_by_its_block(database):
    purse = await a_purse(points=50)
    await posted(a_spending(purse))
    await tx(sealing.seal(now=NOON))
    await db.execute(
        "set session_replication_role = replica; update ledger_transfer set amount = 49 where kind = 'spend'; set session_replication_role = origin"
    )

    assert await sealing.broken_blocks() == ["block 1: its rows were changed"]
    assert {fault.rule for fault in await proving.faults()} >= {"stamped balances chain without a gap"}


def test_abuse_40_the_hundredth_repeat_adds_less_than_one_percent_of_the_first():
    def value(n: int) -> Decimal:
        return score.saturating(n, weight=100, half=3)

    assert value(100) - value(99) < (value(1) - value(0)) / 100


async def test_abuse_41_bots_cannot_drive_a_budget_below_zero(sound):
    sponsor = new_id()
    budget = await tx(ledger.account(owner=sponsor, kind="sponsor", unit="points", now=NOON))
    await posted(Movement(key=new_id(), kind="fund", debit=11, credit=budget, amount=50, occurred_at=NOON))
    await db.execute(
        "insert into sponsor (id, name, credit_code, made_at) values ($1, '绿源', '91110000600037341L', $2)",
        sponsor,
        NOON,
    )
    await tx(
        sponsors.campaign(
            sponsor, behaviour="metro", points=5, from_at=NOON - timedelta(1), until_at=NOON + timedelta(1), now=NOON
        )
    )
    people = [new_id() for _ in range(40)]

    await asyncio.gather(*(claimed(a_claim(me)) for me in people))

    points = sorted([(await pots(me))["points"] for me in people])
    assert points == [57] * 30 + [62] * 10
    assert (await sponsors.effects(sponsor)).budget_left == 0
