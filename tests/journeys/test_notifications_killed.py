"""The worker is killed and the broker emptied in the middle of sending; WeChat's token dies and its quota is used up.

Everybody has the message once in the inbox; at WeChat a message may be called twice at most, under one key.
"""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from redis.asyncio import Redis

from api.embedded.installation import Installation
from api.parts import open_parts
from api.sandbox.wechat_state import TEMPLATES_SETTING
from domain.kernel import clock, database, outbox
from domain.kernel.settings import Settings
from domain.residents import accounts
from notifications import consents, preferences, recipients
from notifications.preferences import Preferences
from rewards.events import PointsAwarded

PEOPLE = 60
REFUSING = 5
DONE_S = 240


def the_worker_of(installation: Installation) -> int:
    return installation.child("worker").pid


@pytest.mark.slow
def test_a_killed_worker_and_an_emptied_broker_lose_and_double_nothing(tmp_path: Path) -> None:
    chosen = Settings(data_dir=str(tmp_path / "data"), wechat_templates=TEMPLATES_SETTING, log_level="warning")
    with Installation(chosen, roles=("wechat", "worker", "beat"), seeded=False) as installation:
        people = asyncio.run(_begin(installation))
        os.kill(the_worker_of(installation), signal.SIGKILL)
        asyncio.run(_empty_broker(installation))
        installation.child("worker").process.wait(10)
        assert "worker" in installation.mend()
        asyncio.run(_settle(installation, people))


async def _begin(installation: Installation) -> list[UUID]:
    """Everybody accepts, some take it back at WeChat; then all are told while the token dies and the quota ends."""
    url = installation.url("wechat")
    async with open_parts(installation.settings), httpx.AsyncClient(base_url=url, trust_env=False) as wechat:
        people = [await _person(wechat, number) for number in range(PEOPLE)]
        for number in range(REFUSING):
            tap = {"openid": f"oKill{number}", "template_id": "TPL-points", "answer": "ban"}
            await wechat.post("/sandbox/consents", json=tap)
        send = "/cgi-bin/message/subscribe/send"
        await wechat.post("/sandbox/faults", json={"path": send, "times": 2, "errcode": -1})
        now = clock.utc_now()
        async with database.transaction():
            for number, account in enumerate(people):
                event = PointsAwarded(transfer_id=number, account_id=account, points=number + 1, behaviour="x")
                await outbox.record(event, at=now)
        await _until(lambda: _count(wechat), PEOPLE // 4)
        await wechat.post("/sandbox/tokens/expire")
        await wechat.post("/sandbox/faults", json={"path": send, "times": 1, "errcode": 45009})
        return people


async def _person(wechat: httpx.AsyncClient, number: int) -> UUID:
    openid, now = f"oKill{number}", clock.utc_now()
    async with database.transaction():
        account = await accounts.account_for_openid(openid, now=now)
        await preferences.save(account, Preferences(quiet_from=None, quiet_to=None), now=now)
        for tap in range(2):  # two consents: a doubled call would show as a second message
            await consents.record_answer(
                recipients.tag_of(account),
                template="TPL-points",
                answer="accepted",
                source="app",
                ref=f"tap-{tap}",
                at=now,
            )
            body = {"openid": openid, "template_id": "TPL-points", "answer": "accept"}
            (await wechat.post("/sandbox/consents", json=body)).raise_for_status()
    return account


async def _count(wechat: httpx.AsyncClient) -> int:
    return len((await wechat.get("/sandbox/messages")).json())


async def _until(read: Any, wanted: int) -> None:
    async with asyncio.timeout(DONE_S):
        while await read() < wanted:  # noqa: ASYNC110 - other processes change it
            await asyncio.sleep(0.1)


async def _empty_broker(installation: Installation) -> None:
    redis = Redis.from_url(installation.settings.redis_url)
    await redis.flushall()
    await redis.aclose()


async def _ended() -> int:
    ended = await database.fetch_value("select count(*) from notice_delivery where state <> 'waiting'")
    return int(ended)


async def _jobs_done() -> int:
    return int(await database.fetch_value("select count(*) from send_job where state = 'done'"))


async def _settle(installation: Installation, people: list[UUID]) -> None:
    url = installation.url("wechat")
    async with open_parts(installation.settings), httpx.AsyncClient(base_url=url, trust_env=False) as wechat:
        await _until(_ended, PEOPLE)
        lines = await database.fetch("select owner, count(*) as many from inbox_message group by owner")
        assert {row["owner"]: row["many"] for row in lines} == {recipients.tag_of(account): 1 for account in people}
        states = Counter(row["state"] for row in await database.fetch("select state from notice_delivery"))
        assert states == {"sent": PEOPLE - REFUSING, "refused": REFUSING}
        calls = Counter(message["page"] for message in (await wechat.get("/sandbox/messages")).json())
        assert len(calls) == PEOPLE - REFUSING
        assert max(calls.values()) <= 2
        await _until(_jobs_done, PEOPLE)  # those whose worker died after the delivery was written are offered again
