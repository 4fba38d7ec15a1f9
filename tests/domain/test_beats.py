"""Long work shows how far it is while it runs, one runs it, and a dead runner is replaced."""

import asyncio
from datetime import timedelta

import pytest

from domain.disclosure import imports
from domain.disclosure.catalogue import DATASETS
from domain.kernel import beats, clock
from domain.kernel import database as db
from domain.kernel.ids import new_id

TABLE = "disclosure_import"


@pytest.fixture
async def work(database):
    async with db.transaction():
        brought = await imports.bring(
            DATASETS["rivers"], content=b"x", file_name="x", source="x", operator=new_id(), now=clock.utc_now()
        )
    return brought.id


async def done(row) -> int:
    return int(await db.fetch_value(f"select done from {TABLE} where id = $1", row))


async def test_progress_is_seen_while_the_works_own_transaction_is_still_open(work, monkeypatch) -> None:
    monkeypatch.setattr(beats, "BEAT_S", 0.005)
    taken = await beats.take(TABLE, work, waiting="waiting", running="checking")

    async def watcher() -> int:
        while not (seen := await done(work)):
            pass  # asking again yields
        return seen

    watching = asyncio.create_task(watcher())
    async with beats.beating(TABLE, work) as progress, asyncio.timeout(10), db.transaction():
        await db.execute("insert into notice_view values (gen_random_uuid(), 'n', current_date, 1)")
        progress.set(7)
        seen = await watching

    assert (taken["id"], seen) == (work, 7)


async def test_only_one_runs_it_and_a_stopped_beat_is_taken_over(work) -> None:
    first = await beats.take(TABLE, work, waiting="waiting", running="checking")
    second = await beats.take(TABLE, work, waiting="waiting", running="checking")
    old = clock.utc_now() - beats.STOPPED_AFTER - timedelta(seconds=1)
    await db.execute(f"update {TABLE} set beat_at = $1", old)
    third = await beats.take(TABLE, work, waiting="waiting", running="checking")

    assert (first is not None, second, third is not None) == (True, None, True)


async def test_both_at_once_still_give_one_runner(work) -> None:
    taken = await asyncio.gather(*(beats.take(TABLE, work, waiting="waiting", running="checking") for _ in range(5)))

    assert sum(row is not None for row in taken) == 1
