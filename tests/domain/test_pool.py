"""Connections are lent in turn, never more than allowed, and never again once they are dubious."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from domain.kernel.pool import Connection, Pool
from domain.kernel.settings import Settings


@pytest.fixture
async def pool(database: None, settings: Settings) -> AsyncIterator[Pool]:
    async def connect() -> Any:
        return await asyncpg.connect(settings.database_url, connection_class=Connection)

    made = Pool(connect, size_max=2, wait_s=5)
    yield made
    await made.close()


async def pid(connection: Any) -> int:
    return int(await connection.fetchval("select pg_backend_pid()"))


async def test_the_connection_given_back_last_is_lent_first(pool: Pool) -> None:
    first, second = await pool.lend(timeout_s=1), await pool.lend(timeout_s=1)
    pool.give_back(first)
    pool.give_back(second)

    assert await pool.lend(timeout_s=1) is second


async def test_hundred_callers_share_two_connections(pool: Pool) -> None:
    seen, lent, most = set(), 0, 0

    async def caller() -> None:
        nonlocal lent, most
        async with pool.acquire() as connection:
            lent += 1
            most = max(most, lent)
            seen.add(await pid(connection))
            lent -= 1

    await asyncio.gather(*(caller() for _ in range(100)))

    assert most == 2
    assert len(seen) == 2


async def test_who_waits_too_long_is_told_and_the_next_one_is_served(pool: Pool) -> None:
    held = [await pool.lend(timeout_s=1), await pool.lend(timeout_s=1)]
    with pytest.raises(TimeoutError):
        await pool.lend(timeout_s=0.01)
    patient = asyncio.create_task(pool.lend(timeout_s=5))
    await asyncio.sleep(0)
    pool.give_back(held[0])

    assert await patient is held[0]


async def test_a_connection_handed_over_to_a_cancelled_caller_is_not_lost(pool: Pool) -> None:
    held = [await pool.lend(timeout_s=1), await pool.lend(timeout_s=1)]
    waiting = asyncio.create_task(pool.lend(timeout_s=5))
    await asyncio.sleep(0)
    pool.give_back(held[0])  # handed over; the task has not run yet
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert await pool.lend(timeout_s=0.5) is held[0]


async def test_one_left_inside_a_transaction_is_replaced(pool: Pool) -> None:
    left = await pool.lend(timeout_s=1)
    await left.execute("begin")
    pool.give_back(left)
    other = await pool.lend(timeout_s=1)

    assert other is not left
    assert left.is_closed()
    assert await other.fetchval("select 1") == 1


async def test_one_whose_statement_was_cancelled_is_replaced(pool: Pool) -> None:
    async def slow() -> None:
        async with pool.acquire() as connection:
            await connection.fetchval("select pg_sleep(30)")

    running = asyncio.create_task(slow())
    async with pool.acquire() as watching:
        while not await watching.fetchval("select true from pg_stat_activity where wait_event = 'PgSleep'"):
            pass
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    async with pool.acquire() as one, pool.acquire() as two:
        assert await one.fetchval("select 1") + await two.fetchval("select 1") == 2


async def test_connections_that_lost_their_server_are_replaced(pool: Pool) -> None:
    async with pool.acquire() as one, pool.acquire() as two:
        gone = await pid(one)
        await two.fetchval("select pg_terminate_backend($1, 1000)", gone)
        with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.AdminShutdownError)):
            await one.fetchval("select 1")

    async with pool.acquire() as one, pool.acquire() as two:
        assert gone not in {await pid(one), await pid(two)}


async def test_who_cannot_connect_leaves_room_for_the_next(database: None, settings: Settings) -> None:
    tries = 0

    async def connect() -> Any:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ConnectionRefusedError
        return await asyncpg.connect(settings.database_url, connection_class=Connection)

    pool = Pool(connect, size_max=1, wait_s=1)
    with pytest.raises(ConnectionRefusedError):
        await pool.lend(timeout_s=1)
    async with pool.acquire() as connection:
        assert await connection.fetchval("select 1") == 1
    await pool.close()


async def test_a_closed_pool_lends_nothing_and_ends_what_comes_back(pool: Pool) -> None:
    lent = await pool.lend(timeout_s=1)
    await pool.close()
    pool.give_back(lent)

    assert lent.is_closed()
    with pytest.raises(asyncpg.InterfaceError):
        await pool.lend(timeout_s=1)


async def test_a_caller_who_gives_up_while_connecting_leaves_the_connection_to_the_next(settings: Settings) -> None:
    opened, go = [], asyncio.Event()

    async def connect() -> Any:
        await go.wait()
        opened.append(await asyncpg.connect(settings.database_url, connection_class=Connection))
        return opened[-1]

    pool = Pool(connect, size_max=1, wait_s=5)
    impatient = asyncio.create_task(pool.lend(timeout_s=5))
    await asyncio.sleep(0)
    impatient.cancel()
    patient = asyncio.create_task(pool.lend(timeout_s=5))
    go.set()

    assert await patient is opened[0]
    assert impatient.cancelled()
    pool.give_back(opened[0])
    await pool.close()
    assert len(opened) == 1
    assert opened[0].is_closed()
