"""The ledger against a thirty-line model with FIFO lots: any order of earning, holding, spending, reversing, expiring."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.kernel import database as db
from domain.kernel.ids import new_id
from rewards import ledger, proving, statements
from rewards.ledger import BalanceTooLow, HoldGone, ReversedAlready
from tests.builders.rewards import NOON, a_purse, a_spending, an_earning, posted

pytestmark = pytest.mark.anyio


class Model:
    """Points as lots that lapse on a day; the oldest are used first. Independent of the cumulative formula."""

    def __init__(self) -> None:
        self.lots: dict[date, int] = {}
        self.held = self.debt = 0

    @property
    def balance(self) -> int:
        return sum(self.lots.values())

    def add(self, amount: int, day: date) -> None:
        self.lots[day] = self.lots.get(day, 0) + amount

    def use(self, amount: int) -> None:
        for day in sorted(self.lots):
            part = min(amount, self.lots[day])
            self.lots[day] -= part
            amount -= part
        assert amount == 0

    def earn(self, amount: int, day: date) -> None:
        self.add(amount, day)
        repaid = min(amount, self.debt)
        self.use(repaid)
        self.debt -= repaid

    def take_back(self, amount: int, today: date) -> None:
        short = max(0, amount - (self.balance - self.held))
        self.debt += short
        self.add(short, today)
        self.use(amount)

    def expire(self, until: date) -> int:
        gone = min(sum(n for day, n in self.lots.items() if day <= until), self.balance - self.held)
        self.use(gone)
        return gone


AMOUNT = st.integers(1, 60)
INDEX = st.integers(0, 30)
STEP = st.one_of(
    st.tuples(st.just("earn"), AMOUNT),
    st.tuples(st.just("spend"), AMOUNT),
    st.tuples(st.just("hold"), AMOUNT),
    st.tuples(st.sampled_from(["keep", "give back", "reverse", "again"]), INDEX),
    st.tuples(st.sampled_from(["month passes", "expire"]), st.just(0)),
)


class Run:
    """One program: the ledger and the model side by side."""

    def __init__(self, purse: int) -> None:
        self.purse, self.model, self.now = purse, Model(), NOON
        self.earned: list[tuple[int, int]] = []
        self.holds: list[tuple[Any, int]] = []
        self.moved: list[ledger.Movement] = []
        self.reversed: set[int] = set()

    async def step(self, what: str, n: int) -> None:
        await getattr(self, what.replace(" ", "_"))(n)

    async def earn(self, amount: int) -> None:
        day = ledger.good_until(self.now, months=2)
        movement = an_earning(self.purse, amount=amount, at=self.now, expires=day)
        done = await posted(movement, now=self.now)
        self.model.earn(amount, day)
        self.earned.append((done.transfer, amount))
        self.moved.append(movement)

    async def spend(self, amount: int) -> None:
        movement, fits = (
            a_spending(self.purse, amount=amount, at=self.now),
            self.model.balance - self.model.held >= amount,
        )
        if not fits:
            with pytest.raises(BalanceTooLow):
                await posted(movement, now=self.now)
            return
        await posted(movement, now=self.now)
        self.model.use(amount)
        self.moved.append(movement)

    async def hold(self, amount: int) -> None:
        promise, until = new_id(), self.now + timedelta(days=400)
        fits = self.model.balance - self.model.held >= amount
        async with db.transaction():
            try:
                await ledger.hold(promise, account_id=self.purse, amount=amount, purpose="x", until=until, now=self.now)
            except BalanceTooLow:
                assert not fits
                return
        assert fits
        self.model.held += amount
        self.holds.append((promise, amount))

    async def keep(self, index: int) -> None:
        if not self.holds:
            return
        promise, amount = self.holds.pop(index % len(self.holds))
        async with db.transaction():
            await ledger.post_hold(promise, kind="spend", credit=31, now=self.now)
        self.model.held -= amount
        self.model.use(amount)

    async def give_back(self, index: int) -> None:
        if not self.holds:
            return
        promise, amount = self.holds.pop(index % len(self.holds))
        async with db.transaction():
            assert await ledger.release_hold(promise, now=self.now)
            with pytest.raises(HoldGone):
                await ledger.post_hold(promise, kind="spend", credit=31, now=self.now)
        self.model.held -= amount

    async def reverse(self, index: int) -> None:
        if not self.earned:
            return
        transfer, amount = self.earned[index % len(self.earned)]
        async with db.transaction():
            try:
                await ledger.reverse(key=new_id(), transfer=transfer, now=self.now, rule="mistake")
            except ReversedAlready:
                assert transfer in self.reversed
                return
        assert transfer not in self.reversed
        self.reversed.add(transfer)
        self.model.take_back(amount, self.now.date())

    async def again(self, index: int) -> None:
        if self.moved:
            assert (await posted(self.moved[index % len(self.moved)], now=self.now)).replayed

    async def month_passes(self, _: int) -> None:
        self.now += timedelta(days=31)

    async def expire(self, _: int) -> None:
        until = self.now.date().replace(day=1) - timedelta(days=1)
        done = await db.fetch_value(
            "select true from ledger_key where id = md5(format('expire|%s|%s', $1::bigint, $2::date))::uuid",
            self.purse,
            until,
        )
        row = await db.fetch_row("select * from ledger_expire($1, $2, 1, $3)", until, self.purse - 1, self.now)
        if not done:
            assert row["expired"] == self.model.expire(until)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(program=st.lists(STEP, min_size=5, max_size=40))
async def test_the_ledger_and_the_model_agree_after_any_program(database, program):
    owner = new_id()
    run = Run(await a_purse(owner=owner))
    for what, n in program:
        await run.step(what, n)
        pot = (await statements.balances(owner))[0]
        assert (pot.balance, pot.held, pot.debt) == (run.model.balance, run.model.held, run.model.debt), what
    assert await proving.faults() == []
