"""Watching the inbox live: across processes, reconnects, slow phones and transactions that end late."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from domain.kernel.settings import Settings
from notifications.stream import Hub, streaming, wake
from tests.builders.notifications import broadcast, told
from tests.builders.residents import a_resident


@pytest.fixture
async def hub(settings: Settings, database: None, redis: Redis) -> AsyncIterator[Hub]:
    async with streaming(redis) as running:
        yield running


async def _titles(stream: Any, count: int) -> list[str]:
    async with asyncio.timeout(10):
        return [(await stream.queue.get()).line.title for _ in range(count)]


async def test_a_stream_gets_what_happens_and_nothing_from_before(hub: Hub, redis: Redis) -> None:
    me, other = await a_resident(), await a_resident()
    await told(me, points=1)

    async with hub.follow(me.account) as stream:
        await told(other, points=50)
        await told(me, points=2)
        await wake(redis)
        assert await _titles(stream, 1) == ["获得 2 绿色积分"]
        assert stream.queue.empty()


async def test_a_reconnect_gets_what_it_missed(hub: Hub, redis: Redis) -> None:
    me = await a_resident()
    async with hub.follow(me.account) as stream:
        await told(me, points=1)
        await wake(redis)
        await _titles(stream, 1)
        mark = hub.low
    await told(me, points=2)

    async with hub.follow(me.account, mark=mark) as stream:
        missed = await _titles(stream, stream.queue.qsize())

    assert missed[-1] == "获得 2 绿色积分"


async def test_two_hubs_both_tell_and_a_broadcast_reaches_open_streams(
    hub: Hub, redis: Redis, settings: Settings
) -> None:
    me = await a_resident()
    async with streaming(redis) as second, hub.follow(me.account) as one, second.follow(me.account) as two:
        await broadcast("重污染天气预警")
        await wake(redis)

        assert await _titles(one, 1) == await _titles(two, 1) == ["重污染天气预警"]


async def test_a_message_that_commits_late_is_not_skipped(hub: Hub, redis: Redis) -> None:
    """Its id is drawn before another message's, and becomes visible after it."""
    me = await a_resident()
    connection = await _connect()
    async with hub.follow(me.account) as stream:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("create temp table mark (id int) on commit drop")  # the transaction has a number
        late = await connection.fetchval("select nextval('inbox_message_id_seq')")
        await told(me, points=2)
        for _ in range(3):
            await hub.look()
        await connection.execute(
            "insert into announcement (event, key, wording, topic, audience, reach, subject, facts, at) select event, 'late',"
            " wording, topic, audience, reach, subject, jsonb_set(facts, '{points}', '1'), at from announcement limit 1"
        )
        await connection.execute(
            "insert into inbox_message (id, owner, announcement)"
            " select $1, $2, id from announcement where key = 'late'",
            late,
            stream.owner,
        )
        await transaction.commit()
        await wake(redis)

        assert await _titles(stream, 2) == ["获得 2 绿色积分", "获得 1 绿色积分"]
    await connection.close()


async def _connect() -> Any:
    import asyncpg

    from domain.kernel import settings as process_settings

    return await asyncpg.connect(process_settings.current().database_url)


async def test_a_slow_phone_is_let_go(hub: Hub, redis: Redis) -> None:
    me = await a_resident()
    async with hub.follow(me.account) as stream:
        await told(me, times=70)
        await hub.look()
        events = [stream.queue.get_nowait() for _ in range(stream.queue.qsize())]

    assert events[-1] is None


async def test_one_person_has_four_streams_at_most(hub: Hub) -> None:
    from domain.kernel.errors import TryLater

    me = await a_resident()
    async with hub.follow(me.account), hub.follow(me.account), hub.follow(me.account), hub.follow(me.account):
        with pytest.raises(TryLater):
            hub.refuse_when_full(me.account)

    assert hub.streams == {}


@asynccontextmanager
async def _served(settings: Settings) -> AsyncIterator[str]:
    """The real app under uvicorn in this event loop, because a stream must be read while it is written."""
    import socket

    import uvicorn

    from api.app import create_app

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="error", timeout_graceful_shutdown=1))
        task = asyncio.create_task(server.serve([listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it by a flag
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await task


async def _next_event(lines: AsyncIterator[str]) -> dict[str, Any]:
    async with asyncio.timeout(10):
        async for line in lines:
            if line.startswith("data: "):
                return dict(json.loads(line[6:]))
    raise AssertionError("the stream ended")


async def test_server_sent_events_over_http(settings: Settings, redis: Redis) -> None:
    async with _served(settings) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        me = await a_resident()
        async with client.stream("GET", "/v1/inbox/stream", headers=me.headers) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["cache-control"] == "no-store"
            lines = response.aiter_lines()
            assert (await anext(lines)).startswith("retry: ")
            await told(me, points=7)
            await wake(redis)
            assert (await _next_event(lines))["title"] == "获得 7 绿色积分"
        await told(me, points=8)
        headers = me.headers | {"Last-Event-ID": "0"}
        async with client.stream("GET", "/v1/inbox/stream", headers=headers) as response:
            lines = response.aiter_lines()
            assert [(await _next_event(lines))["title"] for _ in range(2)] == ["获得 7 绿色积分", "获得 8 绿色积分"]
        assert (await client.get("/v1/inbox/stream")).status_code == 401
