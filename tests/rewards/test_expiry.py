"""Month-end expiry by the district's calendar, in a chain of short transactions."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.kernel import database as db
from domain.kernel import handling
from domain.kernel.events import Ticked
from rewards import chores, ledger
from rewards.chores import expire_next, expire_points
from rewards.events import ExpiryDue
from tests.builders.rewards import NOON, a_purse, an_earning, balance, posted

pytestmark = pytest.mark.anyio
MIDNIGHT = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)  # the district's 1 December begins


async def chain(at) -> int:
    """The daily tick at this moment and everything that follows from it; how many batches."""
    async with db.transaction():
        await expire_points(Ticked(every="day", at=at), event_id=1, at=at)
    batches = 0
    while ids := [
        row["id"] for row in await db.fetch("select id from outbox_event where name = 'ExpiryDue' and done_at is null")
    ]:
        await handling.handle(ids, subscribers={ExpiryDue: (expire_next,)}, now=at)
        assert await db.fetch_value("select count(*) from outbox_event where error is not null") == 0
        batches += 1
    return batches


async def a_november_purse() -> int:
    purse = await a_purse()
    await posted(an_earning(purse, amount=30, expires=date(2026, 11, 30)))
    return purse


async def test_points_are_good_through_the_last_day_of_the_districts_month(sound):
    purse = await a_november_purse()
    await chain(MIDNIGHT - timedelta(hours=24))
    still = await balance(purse)
    await chain(MIDNIGHT)

    assert (still, await balance(purse)) == (30, 0)


async def test_a_worker_that_was_away_on_the_first_makes_up_for_it_and_twice_changes_nothing(sound):
    purse = await a_november_purse()
    await chain(MIDNIGHT + timedelta(days=3))
    await chain(MIDNIGHT + timedelta(days=4))
    late = await chain(MIDNIGHT + timedelta(days=9))

    assert (await balance(purse), late) == (0, 0)
    assert await db.fetch_value("select count(*) from ledger_transfer where kind = 'expire'") == 1


async def test_many_accounts_are_many_short_transactions(sound, monkeypatch):
    monkeypatch.setattr(chores, "EXPIRE_ACCOUNTS", 100)
    people = chores.EXPIRE_ACCOUNTS + 1
    await db.execute(
        "select ledger_account(gen_random_uuid(), 'resident', 1, $2) from generate_series(1, $1::int)", people, NOON
    )
    rows = await db.fetch("select id from reward_account where kind = 'resident' and unit = 1 order by id")
    for start in range(0, people, ledger.BATCH_MAX):
        async with db.transaction():
            await ledger.post_batch(
                [an_earning(r["id"], expires=date(2026, 11, 30)) for r in rows[start : start + ledger.BATCH_MAX]],
                now=NOON,
            )
    batches = await chain(MIDNIGHT)

    assert batches == 3  # two with accounts, one that finds no more
    assert await db.fetch_value("select count(*) from ledger_transfer where kind = 'expire'") == people
