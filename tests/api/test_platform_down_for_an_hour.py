"""An hour in which the platform fails in every way it can: afterwards each case is there once, and nothing is left over."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from api.parts import Parts, open_parts
from domain.kernel import clock, database
from tests.builders.cases import Platform, drain, sandbox_platform
from tests.builders.reports import a_report

WAYS_TO_FAIL = ("500", "429", "reset")


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    with sandbox_platform() as running:
        yield running


@pytest.fixture
async def parts(settings, redis, platform) -> AsyncIterator[Parts]:
    async with open_parts(msgspec.structs.replace(settings, case_platform_url=platform.url)) as opened:
        yield opened


@pytest.mark.parametrize("seed", [1, 20261122])
async def test_after_an_hour_down_every_case_is_accepted_once(parts, platform, seed: int) -> None:
    chance = random.Random(seed)
    start = clock.utc_now()
    reports = []
    for minute in range(0, 60, 6):
        await platform.call("behaviour", mode=chance.choice(WAYS_TO_FAIL), times=10_000)
        now = start + timedelta(minutes=minute)
        reports += [await a_report(now=now) for _ in range(chance.randint(0, 2))]
        await parts.redis.flushall()  # the breaker counts real seconds, and minutes have passed
        await drain(parts, now=now + timedelta(minutes=1), rounds=3)
    assert await database.fetch_value("select count(*) from case_round where accepted_at is not null") == 0
    assert await database.fetch_value("select count(*) from send_job where state = 'dead'") == 0

    await platform.call("behaviour", mode="twice" if chance.random() < 0.5 else "ok")
    for hour in range(1, 8):
        await parts.redis.flushall()
        await drain(parts, now=start + timedelta(hours=hour), rounds=5)

    states = await database.fetch("select state, count(*) as n from send_job where kind = 'forward' group by state")
    assert {row["state"]: row["n"] for row in states} == {"done": len(reports)}
    accepted = await database.fetch("select platform_case from case_round where accepted_at is not null")
    taken = (await platform.call("state"))["cases"]
    assert len(accepted) == len({row["platform_case"] for row in accepted}) == len(taken) == len(reports)
    told = await database.fetch("select report, count(*) as n from report_timeline where kind = 'accepted' group by 1")
    assert {row["report"]: row["n"] for row in told} == dict.fromkeys(reports, 1)
    assert await database.fetch_value("select count(*) from outbox_event where done_at is null") == 0
