"""The inbox over HTTP: reading, counting, putting away, choosing, and watching it live."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from domain.kernel import clock
from domain.kernel import database as kernel_database
from domain.kernel.settings import Settings
from notifications import announcing
from notifications.audiences import Notice
from notifications.stream import Hub, streaming, wake
from rewards.events import PointsAwarded
from tests.builders.notifications import happened
from tests.builders.residents import Resident, a_resident


async def told(resident: Resident, *, times: int = 1, points: int = 20) -> None:
    for number in range(times):
        await happened(
            PointsAwarded(transfer_id=number, account_id=resident.account, points=points + number, behaviour="x")
        )


async def broadcast(headline: str = "全区公告") -> None:
    notice = Notice(
        wording="district_notice",
        subject="district",
        facts={"headline": [headline, "Notice"], "message": ["内容", "Text"]},
        audience="district",
    )
    async with kernel_database.transaction():
        await announcing.tell_audience(notice, event_id=0, at=clock.utc_now())


async def test_a_message_is_listed_counted_read_and_archived(api: httpx.AsyncClient) -> None:
    me = await a_resident()
    await told(me, times=3)

    page = (await api.get("/v1/inbox?limit=2", headers=me.headers)).json()
    assert [m["title"] for m in page["messages"]] == ["获得 22 绿色积分", "获得 21 绿色积分"]
    rest = (await api.get(f"/v1/inbox?before={page['next_before']}", headers=me.headers)).json()
    assert [m["title"] for m in rest["messages"]] == ["获得 20 绿色积分"]
    assert (await api.get("/v1/inbox/unread", headers=me.headers)).json() == {"unread": 3, "more": False}

    first = page["messages"][0]["id"]
    for _ in range(2):
        assert (await api.put(f"/v1/inbox/{first}/read", headers=me.headers)).status_code == 204
    assert (await api.put(f"/v1/inbox/{first}/archive", headers=me.headers)).status_code == 204
    assert (await api.get("/v1/inbox/unread", headers=me.headers)).json()["unread"] == 2
    archived = (await api.get("/v1/inbox?archived=true", headers=me.headers)).json()["messages"]
    assert [m["id"] for m in archived] == [first]

    marked = await api.put("/v1/inbox/read", json={"up_to": first}, headers=me.headers)
    assert marked.json() == {"marked": 2}


async def test_v8_2_2_anothers_message_is_as_unknown_as_none(api: httpx.AsyncClient) -> None:
    me, other = await a_resident(), await a_resident()
    await told(me)
    (mine,) = (await api.get("/v1/inbox", headers=me.headers)).json()["messages"]

    foreign = await api.put(f"/v1/inbox/{mine['id']}/read", headers=other.headers)
    nothing = await api.put("/v1/inbox/999999/read", headers=other.headers)

    assert foreign.status_code == nothing.status_code == 404
    assert foreign.json()["type"] == nothing.json()["type"]
    assert (await api.get("/v1/inbox", headers=other.headers)).json()["messages"] == []
    assert (await api.get("/v1/inbox/unread", headers=me.headers)).json()["unread"] == 1


async def test_a_broadcast_is_one_row_and_reaches_everybody_who_looks(api: httpx.AsyncClient) -> None:
    people = [await a_resident() for _ in range(3)]
    await broadcast()

    counts = [(await api.get("/v1/inbox/unread", headers=p.headers)).json()["unread"] for p in people[:2]]

    assert counts == [1, 1]
    assert await kernel_database.fetch_value("select count(*) from announcement") == 1
    assert await kernel_database.fetch_value("select count(*) from inbox_message") == 2  # the third never looked


async def test_looking_again_takes_nothing_twice(api: httpx.AsyncClient) -> None:
    me = await a_resident()
    await broadcast()
    for _ in range(3):
        await api.get("/v1/inbox", headers=me.headers)
    await broadcast("第二条")

    assert (await api.get("/v1/inbox/unread", headers=me.headers)).json()["unread"] == 2


async def test_choices_change_language_and_print(api: httpx.AsyncClient) -> None:
    me = await a_resident()
    await told(me)
    chosen = {"language": "en", "big_print": True, "digest": True, "muted": ["progress"], "sms_topics": ["closure"]}

    saved = await api.put("/v1/inbox/preferences", json=chosen, headers=me.headers)

    assert saved.status_code == 200
    again = (await api.get("/v1/inbox/preferences", headers=me.headers)).json()
    assert again == saved.json()
    assert {t["topic"] for t in again["topics"] if not t["pushed"]} == {"progress"}
    (message,) = (await api.get("/v1/inbox", headers=me.headers)).json()["messages"]
    assert (message["title"], message["body"]) == ("You earned 20 green points", "You have 20 more points.")


@pytest.mark.parametrize(
    "wrong",
    [
        {"language": "fr"},
        {"quiet_from": 1440, "quiet_to": 0},
        {"quiet_from": None},
        {"muted": ["weather"]},
        {"owner": "someone"},
    ],
)
async def test_wrong_choices_are_refused(api: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    me = await a_resident()

    assert (await api.put("/v1/inbox/preferences", json=wrong, headers=me.headers)).status_code == 400


async def test_unread_is_cheap_with_ten_thousand_messages(api: httpx.AsyncClient) -> None:
    me = await a_resident()
    await told(me)
    await kernel_database.execute(
        "insert into announcement (event, key, wording, topic, audience, reach, subject, facts, at)"
        " select event, 'k' || n, wording, topic, audience, reach, subject, facts, at from announcement,"
        " generate_series(1, 10000) n"
    )
    await kernel_database.execute(
        "insert into inbox_message (owner, announcement)"
        " select m.owner, a.id from announcement a, (select owner from inbox_message limit 1) m where a.key like 'k%'"
    )
    await kernel_database.execute("analyze inbox_message")

    plan = "\n".join(
        row["QUERY PLAN"]
        for row in await kernel_database.fetch(
            "explain (analyze, buffers off) select count(*) from (select 1 from inbox_message"
            " where owner = (select owner from inbox_message limit 1) and read_at is null and archived_at is null"
            " limit 100) few"
        )
    )
    answer = (await api.get("/v1/inbox/unread", headers=me.headers)).json()

    assert answer == {"unread": 99, "more": True}
    assert float(plan.split("Execution Time: ")[1].split(" ms")[0]) < 2


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
