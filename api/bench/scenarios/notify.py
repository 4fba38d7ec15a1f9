"""From a committed event to the WeChat call, and how fast the outbox empties, with one worker of two processes."""

import asyncio
import time
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from api.bench.bench import Bench
from api.bench.report import Limit, Report, Row, percentile
from api.sandbox.wechat_state import TEMPLATES_SETTING
from api.wakeup import waker
from domain.kernel import clock, database, outbox
from domain.residents import accounts
from notifications import consents, preferences, recipients
from notifications.preferences import Preferences
from rewards.events import PointsAwarded

SUMMARY = "event commit to WeChat call; rows of the outbox handled per second"
ROLES = ("wechat", "worker", "beat")
SETTINGS = {"wechat_templates": TEMPLATES_SETTING}
WARM_UP = 20  # messages before measuring: every worker process has loaded its code, opened its connections, got a token
MESSAGES = 100
PAUSE_S = 0.05
EVENTS = 20_000
PEOPLE = 200
CALL_MS_MAX = 500.0
DRAIN_MIN = 1_000.0
WAIT_S = 120.0
FLOOD = """
insert into outbox_event (name, payload, recorded_at, attempts)
select 'PointsAwarded', jsonb_build_object('transfer_id', n, 'account_id', ($1::uuid[])[1 + n % $2], 'points', 1,
  'behaviour', 'bench'), $3, 0 from generate_series(1, $4::int) n
"""


async def run(bench: Bench) -> Report:
    """Latency on a calm installation, then a flood."""
    people = [await _person(bench, number) for number in range(PEOPLE)]
    async with waker():
        await _latencies(bench, people[MESSAGES:], messages=WARM_UP, first=1_000)
        took = await _latencies(bench, people, messages=MESSAGES)
        flood = await bench.counted("event handled", lambda: _flood(people))
    call = Row(
        name="commit to WeChat call",
        operations=len(took),
        cpu_us={},
        p50_ms=percentile(took, 0.5),
        p95_ms=percentile(took, 0.95),
        failures=MESSAGES - len(took),
    )
    limits = [
        Limit(name="commit to WeChat call, p95", value=call.p95_ms or 0.0, unit="ms", limit=CALL_MS_MAX),
        Limit(name="messages that did not leave", value=float(call.failures), unit="", limit=0),
        Limit(
            name="events handled per second",
            value=flood.per_second or 0.0,
            unit="/s",
            limit=DRAIN_MIN,
            sense="at least",
        ),
    ]
    return Report(scenario="notify", rows=[call, flood], limits=limits)


async def _person(bench: Bench, number: int) -> UUID:
    """A resident who accepted messages about points at any hour."""
    openid, now = f"oBench{number}", clock.utc_now()
    async with database.transaction():
        account = await accounts.account_for_openid(openid, now=now)
        await preferences.save(account, Preferences(quiet_from=None, quiet_to=None), now=now)
        await consents.record_answer(
            recipients.tag_of(account), template="TPL-points", answer="accepted", source="app", ref="bench", at=now
        )
    tap = {"openid": openid, "template_id": "TPL-points", "answer": "accept"}
    (await bench.parts.http.post(f"{bench.installation.url('wechat')}/sandbox/consents", json=tap)).raise_for_status()
    return account


async def _latencies(bench: Bench, people: list[UUID], *, messages: int, first: int = 1) -> list[float]:
    """Milliseconds from each commit to the moment the sandbox took the message, told apart by their points."""
    committed: dict[int, float] = {}
    for points, account in zip(range(first, first + messages), people, strict=False):
        event = PointsAwarded(transfer_id=1_000_000 + points, account_id=account, points=points, behaviour="bench")
        async with database.transaction():
            await outbox.record(event, at=clock.utc_now())
        committed[points] = time.time()
        await asyncio.sleep(PAUSE_S)
    arrived = await _messages(bench, committed)
    return [(arrived[points] - at) * 1000 for points, at in committed.items() if points in arrived]


async def _messages(bench: Bench, wanted: Collection[int]) -> dict[int, float]:
    """When each wanted message arrived, Unix seconds; those that never came are missing."""
    ends = time.monotonic() + WAIT_S
    while True:
        answer = await bench.parts.http.get(f"{bench.installation.url('wechat')}/sandbox/messages")
        found = msgspec.json.decode(answer.content, type=list[dict[str, Any]])
        arrived = {int(message["data"]["number2"]["value"]): message["at"] for message in found}
        if arrived.keys() >= set(wanted) or time.monotonic() > ends:
            return arrived
        await asyncio.sleep(0.5)


async def _flood(people: list[UUID]) -> int:
    """Waits until all are handled; returns how many."""
    now: datetime = clock.utc_now()
    await database.execute(FLOOD, people, len(people), now, EVENTS)
    database.committed()
    ends = time.monotonic() + WAIT_S
    while time.monotonic() < ends:
        left = await database.fetch_value("select count(*) from outbox_event where done_at is null")
        if left == 0:
            return EVENTS
        await asyncio.sleep(0.1)
    return EVENTS - int(left)
