"""Whole cases over HTTP: submit, forward, six updates, close, rate; and 500 updates in one batch."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import msgspec

from api.bench.bench import Bench
from api.bench.report import Limit, Report
from api.bench.scenarios.submit import DRAFT
from api.case_platform import signing
from api.case_platform.payloads import UPDATED
from api.sandbox.case_platform_play import TEXTS
from domain.kernel import database

SUMMARY = "full case cycles a second (submit, forward, six updates, close, rate), and one batch of 500 updates"
ROLES = ("wechat", "platform", "api", "worker", "beat")
CASES = 240
RESIDENTS = 60
AT_ONCE = 16
BATCH = 500
CYCLES_MIN = 40.0  # a second
BATCH_S_MAX = 1.0
SETTLE_S = 120.0
WAY = ("signed", "dispatched", "inspected", "rectifying", "post_inspected", "closed")
WAITING = """
select (select count(*) from outbox_event where done_at is null and name <> 'Ticked') +
       (select count(*) from send_job where state = 'pending' and kind = 'forward')
"""
UNACCEPTED = "select count(*) from case_round where accepted_at is null"
HANDED = """
select l.report, l."case" from case_report l join case_round r on r."case" = l."case"
where r.accepted_at is not null and l.report = any($1)
"""


class Cycle:
    """The clients of one run: residents' phones and the platform's signing hand."""

    def __init__(self, bench: Bench, tokens: Sequence[str], client: httpx.AsyncClient) -> None:
        """`tokens` are the residents' access tokens."""
        self.tokens, self.client, self.url = tokens, client, bench.url
        self.keys = signing.keys_of(bench.settings.case_platform_secrets)
        self.owner: dict[UUID, str] = {}

    async def submit(self, n: int) -> UUID:
        """One report; returns its id."""
        token = self.tokens[n % len(self.tokens)]
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": secrets.token_hex(16)}
        answer = await self.client.post(f"{self.url}/v1/reports", json=DRAFT, headers=headers)
        report_id = UUID(answer.raise_for_status().json()["id"])
        self.owner[report_id] = token
        return report_id

    async def update(self, events: Any) -> None:
        """One signed post of an update or a batch."""
        body = msgspec.json.encode(events)
        now = datetime.now(UTC)
        headers = signing.headers(message_id=secrets.token_hex(16), at=now, body=body, keys=self.keys)
        answer = await self.client.post(f"{self.url}/v1/case-platform/updates", content=body, headers=headers)
        refused = [
            r for r in answer.raise_for_status().json().get("results", []) if r["status"] >= httpx.codes.BAD_REQUEST
        ]
        if refused:
            raise RuntimeError(f"{len(refused)} updates were refused: {refused[0]}")

    async def work(self, report_id: UUID, case_id: UUID) -> None:
        """The platform's six updates one after another, then the reporter's judgement."""
        for sequence, stage in enumerate(WAY, start=1):
            await self.update(event(case_id, sequence, stage))
        headers = {"Authorization": f"Bearer {self.owner[report_id]}", "Idempotency-Key": secrets.token_hex(16)}
        url = f"{self.url}/v1/reports/{report_id}/result-rating"
        answer = await self.client.post(url, json={"solved": True, "satisfied": True}, headers=headers)
        answer.raise_for_status()


def event(case_id: UUID, sequence: int, stage: str) -> dict[str, Any]:
    """One update as the platform writes it."""
    data = {"case_id": str(case_id), "round": 1, "sequence": sequence, "kind": "stage", "stage": stage}
    return {
        "specversion": "1.0",
        "id": secrets.token_hex(16),
        "source": "bench",
        "type": UPDATED,
        "time": datetime.now(UTC).isoformat(),
        "data": data | TEXTS[stage],
    }


async def run(bench: Bench) -> Report:
    """Rounds of whole cycles, then the batch."""
    async with httpx.AsyncClient(base_url=bench.installation.url("platform"), trust_env=False) as platform:
        (await platform.post("/sandbox/play", json={"auto": False})).raise_for_status()
    tokens = await bench.residents(RESIDENTS)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        cycle = Cycle(bench, tokens, client)
        await _cycles(cycle, CASES // 6)
        await database.execute("analyze")  # as autovacuum does each minute: plans made for empty tables end here
        rows = [await bench.counted("whole case", lambda: _cycles(cycle, CASES)) for _ in range(bench.rounds)]
        batch_s = await _batch(cycle)
    best = sorted(rows, key=lambda row: row.total_us)[len(rows) // 2]
    rate = best.per_second or 0.0
    return Report(
        scenario="cases",
        rows=[best],
        limits=[
            Limit(name="whole cases", value=rate, unit="a second", limit=CYCLES_MIN, sense="at least"),
            Limit(name=f"{BATCH} updates in one batch", value=batch_s, unit="s", limit=BATCH_S_MAX),
        ],
    )


async def _cycles(cycle: Cycle, count: int) -> int:
    """`count` cases from the report to the judgement, everything announced at the end."""
    reports = await _gathered([cycle.submit(n) for n in range(count)])
    await _until(UNACCEPTED)
    handed = await database.fetch(HANDED, reports)
    await _gathered([cycle.work(row["report"], row["case"]) for row in handed])
    await _until(WAITING)
    return len(handed)


async def _batch(cycle: Cycle) -> float:
    reports = await _gathered([cycle.submit(n) for n in range(BATCH)])
    await _until(WAITING)
    cases = [row["case"] for row in await database.fetch(HANDED, reports)]
    events = [event(case_id, 1, "signed") for case_id in cases]
    began = time.monotonic()
    await cycle.update(events)
    return time.monotonic() - began


async def _gathered(work: Sequence[Awaitable[Any]]) -> list[Any]:
    """All results in order, `AT_ONCE` at a time."""
    results: list[Any] = [None] * len(work)
    waiting: Iterator[tuple[int, Awaitable[Any]]] = iter(enumerate(work))

    async def hand() -> None:
        for n, one in waiting:
            results[n] = await one

    await asyncio.gather(*(hand() for _ in range(AT_ONCE)))
    return results


async def _until(left: str) -> None:
    deadline = time.monotonic() + SETTLE_S
    while await database.fetch_value(left) and time.monotonic() < deadline:  # noqa: ASYNC110 - the database is asked
        await asyncio.sleep(0.05)
