"""The sandbox platform and the API talk over real HTTP; however the platform misbehaves, the case ends the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import msgspec
import pytest
import uvicorn

from api.app import create_app
from api.parts import Parts
from domain.kernel import clock, database
from tests.builders.cases import Platform, drain, sandbox_platform
from tests.builders.reports import a_report

WITHIN_S = 20.0


async def until(done: Callable[[], Awaitable[bool]]) -> None:
    """Asks again until it is so."""
    async with asyncio.timeout(WITHIN_S):
        while not await done():  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.02)


@pytest.fixture
async def served(settings, redis) -> AsyncIterator[str]:
    """The real API on a real port."""
    server = uvicorn.Server(uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_level="critical"))
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await until(started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@pytest.fixture
def platform(served):
    with sandbox_platform(callback=served, speed=200, auto=True) as running:
        yield running


async def worker(settings, platform: Platform, *, timeout_s: float = 15.0) -> Parts:
    """Parts for sending, on the pool that the API has open."""
    from redis.asyncio import Redis

    chosen = msgspec.structs.replace(settings, case_platform_url=platform.url)
    http = httpx.AsyncClient(trust_env=False, timeout=timeout_s)
    return Parts(settings=chosen, redis=Redis.from_url(settings.redis_url), http=http, store=None, darkroom=None)


async def closed() -> bool:
    return bool(await database.fetch_value("select bool_and(closed) from case_file"))


async def test_updates_sent_twice_old_shuffled_or_wrongly_signed_are_applied_once_and_in_order(
    settings, served, platform
) -> None:
    parts = await worker(settings, platform)
    for mode in ("ok", "twice", "replay-old", "shuffle", "bad-signature"):
        await platform.call("behaviour", mode=mode, times=1)
        await a_report()
        await drain(parts)
        await until(closed)
    answers = (await platform.call("state"))["answers"]
    rows = await database.fetch('select array_agg(stage order by sequence) as way from case_update group by "case"')

    way = ["signed", "dispatched", "inspected", "rectifying", "post_inspected", "closed"]
    assert [row["way"] for row in rows] == [way] * 5
    assert answers.count(401) == 6
    assert set(answers) == {200, 401}
    await parts.http.aclose()
    await parts.redis.aclose()


async def test_a_platform_that_hangs_after_taking_the_case_has_it_once(settings, served, platform) -> None:
    await platform.call("behaviour", mode="hang", times=1)
    parts = await worker(settings, platform, timeout_s=0.5)
    await a_report()
    await drain(parts)
    assert await database.fetch_value("select outcome from send_job") == "no answer: ReadTimeout"
    await until(closed)

    assert len((await platform.call("state"))["cases"]) == 1
    assert await database.fetch_value("select accepted_at < $1 from case_round", clock.utc_now())
    await parts.http.aclose()
    await parts.redis.aclose()


async def test_updates_that_arrive_all_at_once_from_many_hands_lose_nothing(settings, redis, platform, served) -> None:
    """Six updates of one case posted concurrently and shuffled, by eight rivals each."""
    parts = await worker(settings, platform)
    await platform.call("play", auto=False)
    await a_report()
    await drain(parts)
    case_id = (await platform.call("state"))["cases"][0]["case_id"]
    events = [
        (await platform.call("step", case_id=case_id, stage=stage, lost=True))["update"]
        for stage in ("signed", "dispatched", "inspected", "rectifying", "post_inspected", "closed")
    ]
    from tests.builders.cases import post_update

    async with httpx.AsyncClient(base_url=served, trust_env=False) as rival:
        answers = await asyncio.gather(*(post_update(rival, event) for event in reversed(events * 8)))

    assert {answer.status_code for answer in answers} == {200}
    assert await database.fetch_value("select count(*) from case_update") == 6
    final = await database.fetch_value(
        "select count(*) from outbox_event where name = 'CaseClosed' and not (payload->>'provisional')::boolean"
    )
    assert final == 1  # a closure that overtakes its post-inspection is provisional first
    assert await closed()
    await parts.http.aclose()
    await parts.redis.aclose()
