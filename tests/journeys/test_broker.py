"""The broker holds nothing that matters: it is emptied and killed between the report and the workers."""

import asyncio
import os
import random
import signal
import time
from pathlib import Path

import httpx
import pytest
from redis import Redis

from api.demo.phone import new_key
from api.embedded.installation import Installation
from api.prove import checks
from api.prove.residents import a_draft
from domain.kernel import database
from domain.kernel.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
WITHIN_S = 60


def sign_in(home: Installation) -> httpx.Client:
    wechat = httpx.post(f"{home.url('wechat')}/sandbox/login-codes", json={"openid": "oBroker0000001"}, trust_env=False)
    phone = httpx.Client(base_url=home.api_url, trust_env=False, timeout=20)
    tokens = phone.post("/v1/auth/wechat", json={"code": wechat.json()["code"]}).raise_for_status().json()
    phone.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    return phone


def report(phone: httpx.Client, chance) -> str:
    headers = {"Idempotency-Key": new_key()}
    return phone.post("/v1/reports", json=a_draft(chance), headers=headers).raise_for_status().json()["number"]


def handed_over(home: Installation) -> list[str]:
    got = httpx.post(f"{home.url('platform')}/sandbox/messages", json={}, trust_env=False).json()
    return [handed["number"] for message in got for handed in message["data"].get("reports", [])]


async def open_rows(home: Installation) -> tuple[int, int]:
    await database.open_pool(home.settings.database_url, size_max=1)
    try:
        return await checks.unsettled()
    finally:
        await database.close_pool()


def settles(home: Installation, deadline: float) -> bool:
    """Whether nothing was open at some moment: the platform goes on answering, so the next moment may differ."""
    while any(asyncio.run(open_rows(home))):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def test_emptying_the_broker_between_commit_and_relay_loses_nothing(tmp_path: Path):
    chance = random.Random(1)
    settings = Settings(data_dir=str(tmp_path), log_level="warning", rate_limits="off")
    with Installation(settings, roles=("wechat", "platform", "api"), seeded=False) as home:
        phone = sign_in(home)
        before = [report(phone, chance) for _ in range(3)]
        Redis.from_url(home.settings.redis_url).flushall()
        os.kill(home.stack.child("valkey").pid, signal.SIGKILL)
        meanwhile = [report(phone, chance) for _ in range(2)]
        home.mend()
        Redis.from_url(home.settings.redis_url).flushall()
        home.start("worker")
        home.start("beat")
        deadline = time.monotonic() + WITHIN_S
        while len(set(handed_over(home))) < len(before + meanwhile) and time.monotonic() < deadline:
            time.sleep(0.2)
        told = phone.get("/v1/inbox", params={"topic": "receipt", "limit": 50}).raise_for_status().json()["messages"]

        phone.close()

        assert sorted(handed_over(home)) == sorted(before + meanwhile)
        assert sorted(
            number for number in before + meanwhile if any(number in m["title"] + m["body"] for m in told)
        ) == (sorted(before + meanwhile))
        assert settles(home, deadline), asyncio.run(open_rows(home))
