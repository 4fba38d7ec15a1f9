"""The posting function on the real database: keys, floors, holds, reversals, debt, buckets and expiry."""

import asyncio
import random
from datetime import date, timedelta

import asyncpg
import pytest

from domain.kernel import database as db
from domain.kernel.ids import new_id
from rewards import ledger, statements
from rewards.ledger import AmountRefused, BalanceTooLow, HoldGone, KeyAltered, ReversedAlready
from tests.builders.rewards import NOON, a_purse, a_spending, an_earning, balance, posted

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("sound")]


async def test_a_posting_moves_the_amount_and_stamps_the_balance():
    purse = await a_purse(points=30)

    done = await posted(a_spending(purse, amount=12))

    assert (done.debit_balance, done.credit_balance, await balance(purse)) == (18, None, 18)


async def test_a_replay_is_answered_with_the_first_result_even_when_the_balance_is_gone():
    purse = await a_purse(points=10)
    spending = a_spending(purse)
    first = await posted(spending)

    again = await posted(spending)

    assert again.replayed
    assert (again.transfer, again.debit_balance) == (first.transfer, 0)


async def test_an_altered_replay_is_refused_without_effect():
    purse = await a_purse(points=30)
    spending = a_spending(purse, amount=5)
    await posted(spending)

    with pytest.raises(KeyAltered):
        await posted(a_spending(purse, key=spending.key, amount=6))

    assert await balance(purse) == 25


async def test_a_balance_never_falls_below_its_floor():
    purse = await a_purse(points=9)

    with pytest.raises(BalanceTooLow):
        await posted(a_spending(purse, amount=10))


@pytest.mark.parametrize("amount", [0, -1, 2**53 + 1, 2**63])
async def test_an_impossible_amount_is_refused(amount):
    purse = await a_purse()

    with pytest.raises(AmountRefused):
        await posted(an_earning(purse, amount=amount))


async def test_units_do_not_mix():
    purse = await a_purse(points=5)

    with pytest.raises(AmountRefused):
        await posted(a_spending(purse, amount=1, credit=ledger.sink(ledger.SPENT, "carbon")))


async def test_an_account_that_does_not_exist_is_refused():
    with pytest.raises(AmountRefused):
        await posted(an_earning(987_654_321))


async def test_what_is_held_cannot_be_spent_and_comes_back_when_given_up():
    purse, promise = await a_purse(points=10), new_id()
    async with db.transaction():
        await ledger.hold(
            promise, account_id=purse, amount=8, purpose="order", until=NOON + timedelta(hours=1), now=NOON
        )

    with pytest.raises(BalanceTooLow):
        await posted(a_spending(purse, amount=3))
    async with db.transaction():
        assert await ledger.release_hold(promise, now=NOON)
        assert not await ledger.release_hold(promise, now=NOON)

    assert (await posted(a_spending(purse, amount=3))).debit_balance == 7


async def test_a_hold_is_kept_once_and_its_repeat_is_replayed():
    purse, promise = await a_purse(points=10), new_id()
    async with db.transaction():
        await ledger.hold(
            promise, account_id=purse, amount=8, purpose="order", until=NOON + timedelta(hours=1), now=NOON
        )
        keep = {"kind": "spend", "credit": ledger.sink(ledger.SPENT, "points"), "now": NOON}
        first = await ledger.post_hold(promise, **keep)
        again = await ledger.post_hold(promise, **keep)

    assert (first.debit_balance, again.transfer, again.replayed) == (2, first.transfer, True)


async def test_a_hold_that_ran_out_cannot_be_kept():
    purse, promise = await a_purse(points=10), new_id()
    async with db.transaction():
        await ledger.hold(promise, account_id=purse, amount=8, purpose="order", until=NOON, now=NOON)

    with pytest.raises(HoldGone):
        async with db.transaction():
            await ledger.post_hold(promise, kind="spend", credit=31, now=NOON)


async def test_a_movement_is_reversed_once():
    purse = await a_purse()
    earned = await posted(an_earning(purse, amount=10))
    async with db.transaction():
        await ledger.reverse(key=new_id(), transfer=earned.transfer, now=NOON, rule="mistake")

    with pytest.raises(ReversedAlready):
        async with db.transaction():
            await ledger.reverse(key=new_id(), transfer=earned.transfer, now=NOON, rule="mistake")

    assert await balance(purse) == 0


async def test_a_reversal_after_spending_makes_a_debt_that_later_earnings_repay_first():
    owner = new_id()
    purse = await a_purse(owner=owner)
    earned = await posted(an_earning(purse, amount=100))
    await posted(a_spending(purse, amount=80))
    async with db.transaction():
        await ledger.reverse(key=new_id(), transfer=earned.transfer, now=NOON, rule="mistake")
    in_debt = (await statements.balances(owner))[0]

    await posted(an_earning(purse, amount=50))
    async with db.transaction():
        outcomes = await ledger.post_batch([an_earning(purse, amount=50)], now=NOON)

    assert (in_debt.balance, in_debt.debt) == (0, 80)
    assert list(outcomes.values()) == ["posted"]
    assert [(b.balance, b.debt) for b in (await statements.balances(owner))[:1]] == [(20, 0)]


async def test_a_refunded_spending_does_not_outlive_its_month_by_more_than_thirty_days():
    purse = await a_purse()
    await posted(an_earning(purse, amount=10, expires=date(2026, 11, 30)))
    await posted(an_earning(purse, amount=10, expires=date(2028, 11, 30)))
    spent = await posted(a_spending(purse, amount=10))
    async with db.transaction():
        await ledger.reverse(key=new_id(), transfer=spent.transfer, now=NOON, rule="refund")

    buckets = await db.fetch("select expires, earned from ledger_bucket where account = $1 order by 1", purse)

    assert [tuple(b) for b in buckets] == [(date(2026, 11, 30), 10), (date(2026, 12, 31), 10), (date(2028, 11, 30), 10)]


async def test_points_expire_by_what_was_earned_and_ever_spent_but_never_what_is_held():
    purse = await a_purse()
    await posted(an_earning(purse, amount=50, expires=date(2026, 10, 31)))
    await posted(an_earning(purse, amount=30, expires=date(2027, 10, 31)))
    await posted(a_spending(purse, amount=20))
    async with db.transaction():
        await ledger.hold(new_id(), account_id=purse, amount=55, purpose="order", until=NOON + timedelta(1), now=NOON)

    async with db.transaction():
        first = await db.fetch_row("select * from ledger_expire('2026-10-31', 0, 1000, $1)", NOON)
        again = await db.fetch_row("select * from ledger_expire('2026-10-31', 0, 1000, $1)", NOON)

    assert (first["expired_accounts"], first["expired"], again["expired_accounts"]) == (1, 5, 0)


async def test_a_batch_posts_new_keys_once_and_answers_known_ones():
    purses = [await a_purse() for _ in range(3)]
    known = an_earning(purses[0], amount=1)
    await posted(known)
    double = an_earning(purses[1], amount=2)
    wanted = [known, double, double, an_earning(purses[2], amount=4), an_earning(purses[2], amount=8)]

    async with db.transaction():
        outcomes = await ledger.post_batch(wanted, now=NOON)

    assert outcomes[known.key] == "replayed"
    assert sorted(outcomes.values()) == ["posted", "posted", "posted", "replayed"]
    assert [await balance(p) for p in purses] == [1, 2, 12]


async def test_fifty_identical_calls_at_once_have_one_effect_and_one_answer():
    purse = await a_purse(points=100)
    spending = a_spending(purse, amount=10)

    answers = await asyncio.gather(*(posted(spending) for _ in range(50)))

    assert {a.transfer for a in answers} == {answers[0].transfer}
    assert sum(not a.replayed for a in answers) == 1
    assert await balance(purse) == 90


async def test_a_hundred_parallel_spendings_of_a_balance_for_one_give_one_success():
    purse = await a_purse(points=50)

    results = await asyncio.gather(*(posted(a_spending(purse, amount=30)) for _ in range(100)), return_exceptions=True)

    assert sum(not isinstance(r, BaseException) for r in results) == 1
    assert sum(isinstance(r, BalanceTooLow) for r in results) == 99


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger_transfer set amount = 1",
        "delete from ledger_transfer",
        "truncate ledger_transfer",
        "delete from ledger_key",
    ],
)
async def test_history_cannot_be_changed(statement):
    await a_purse(points=5)

    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await db.execute(statement)


async def test_the_statement_is_paged_newest_first_with_running_balances():
    owner = new_id()
    purse = await a_purse(owner=owner, points=100)
    for _ in range(4):
        await posted(a_spending(purse, amount=10))

    page = await statements.statement(owner, unit="points", before=None, limit=3)
    rest = await statements.statement(owner, unit="points", before=page[-1].transfer, limit=3)

    assert [(line.amount, line.balance) for line in [*page, *rest]] == [
        (-10, 60),
        (-10, 70),
        (-10, 80),
        (-10, 90),
        (100, 100),
    ]


async def test_a_past_balance_is_read_from_the_stamp():
    owner = new_id()
    purse = await a_purse(owner=owner, points=100, now=NOON)
    await posted(a_spending(purse, amount=30), now=NOON + timedelta(days=2))

    assert await statements.balance_at(owner, unit="points", at=NOON + timedelta(days=1)) == 100


async def test_mixed_work_in_parallel_neither_deadlocks_nor_drifts():
    purses = [await a_purse(points=50) for _ in range(5)]
    team = await db.fetch_value("select ledger_account($1, 'team', 1, $2)", new_id(), NOON)
    dice = random.Random(7)

    async def act() -> None:
        one = dice.choice(purses)
        match dice.randrange(4):
            case 0:
                await posted(an_earning(one, amount=dice.randint(1, 20)))
            case 1:
                await posted(a_spending(one, amount=dice.randint(1, 40)))
            case 2:
                await posted(a_spending(one, kind="gift", credit=team, amount=dice.randint(1, 5)))
            case 3:
                async with db.transaction():
                    await ledger.post_batch([an_earning(p, amount=1) for p in dice.sample(purses, 3)], now=NOON)

    results = await asyncio.gather(*(act() for _ in range(300)), return_exceptions=True)

    assert {type(r) for r in results if isinstance(r, BaseException)} <= {BalanceTooLow}
