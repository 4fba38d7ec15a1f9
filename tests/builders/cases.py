"""Cases with ordinary defaults, the sandbox platform over real HTTP, and a worker that runs in the test."""

import asyncio
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import uvicorn

from api.case_platform import signing
from api.case_platform.payloads import UPDATED
from api.sandbox.case_platform import make_app, make_world
from api.sandbox.case_platform_play import TEXTS
from domain.cases import forwarding
from domain.cases.people import case_of_report
from domain.cases.updates import Kind, Update
from domain.kernel import clock, database, handling, ids, leases, outbox
from domain.kernel.settings import DEVELOPMENT_SECRET
from domain.reports.events import ReportSubmitted
from tests.builders.reports import a_report

KEY = DEVELOPMENT_SECRET.encode()


async def a_case(*, accepted: bool = True, now: datetime | None = None, **changes: Any) -> UUID:
    """A report with its case; the `database` or `api` fixture must be open."""
    now = now or clock.utc_now()
    report_id = await a_report(now=now, **changes)
    return await a_case_of(report_id, accepted=accepted, now=now)


async def a_case_of(report_id: UUID, *, accepted: bool = True, now: datetime | None = None) -> UUID:
    now = now or clock.utc_now()
    async with database.transaction():
        row = await database.fetch_row("select number, category, channel from report where id = $1", report_id)
        assert row is not None
        event = ReportSubmitted(report_id=report_id, **dict(row))
        await forwarding.queue_forward(event, event_id=0, at=now)
        case_id = await case_of_report(report_id)
        assert case_id is not None
        if accepted:
            await forwarding.record_acceptance(case_id, round_=1, platform_case="P-1", at=now, now=now)
    return case_id


def an_update(case_id: UUID, sequence: int, stage: str | None = "signed", **changes: Any) -> Update:
    """A plausible update of the domain."""
    ordinary: dict[str, Any] = {
        "update_id": uuid.uuid4().hex,
        "case_id": str(case_id),
        "round": 1,
        "sequence": sequence,
        "kind": Kind.STAGE if stage else Kind.NOTE,
        "actor_class": "handler",
        "happened_at": clock.utc_now(),
        "stage": stage,
        "detail": {},
    }
    said = {name: value for name, value in TEXTS.get(stage or "", {}).items() if name != "penalty"}
    import msgspec

    return msgspec.convert(ordinary | said | changes, Update)


def an_event(case_id: UUID, sequence: int, stage: str = "signed", **changes: Any) -> dict[str, Any]:
    """A CloudEvent as the platform posts it; `changes` go into data."""
    data = {"case_id": str(case_id), "round": 1, "sequence": sequence, "kind": "stage", "stage": stage}
    return {
        "specversion": "1.0",
        "id": uuid.uuid4().hex,
        "source": "test-platform",
        "type": UPDATED,
        "time": (clock.utc_now() - timedelta(seconds=60 - sequence)).isoformat(),
        "data": data | TEXTS.get(stage, {"actor_class": "handler"}) | changes,
    }


async def post_update(
    api: httpx.AsyncClient, event: Any, *, key: bytes = KEY, at: datetime | None = None
) -> httpx.Response:
    """Signs and posts one event, an array of them, or raw bytes."""
    body = event if isinstance(event, bytes) else json.dumps(event, ensure_ascii=False).encode()
    headers = signing.headers(message_id=ids.new_id().hex, at=at or clock.utc_now(), body=body, keys=(key,))
    headers["Content-Type"] = "application/cloudevents+json"
    return await api.post("/v1/case-platform/updates", content=body, headers=headers)


class Platform:
    """The sandbox, reached over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def call(self, path: str, **asked: Any) -> Any:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.post(f"{self.url}/sandbox/{path}", json=asked)).json()


@contextmanager
def sandbox_platform(
    *, callback: str = "http://127.0.0.1:9", speed: float = 100.0, auto: bool = False
) -> Iterator[Platform]:
    """A real server in a thread of its own."""
    world = make_world(callback=callback, speed=speed, auto=auto)
    server = uvicorn.Server(uvicorn.Config(make_app(world), host="127.0.0.1", port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            threading.Event().wait(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Platform(f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join()


async def drain(parts: Any, *, now: datetime | None = None, rounds: int = 20) -> None:
    """What relay and worker do, until nothing is due; `now` is when jobs count as due."""
    from api.wiring import SUBSCRIBERS, senders

    known = senders(parts)
    for _ in range(rounds):
        moment = now or clock.utc_now()
        events = await outbox.claim(now=moment)
        await handling.handle(events, subscribers=SUBSCRIBERS, now=moment)
        jobs = await leases.claim(await leases.offer(now=moment), now=moment)
        await asyncio.gather(*(_send(job, known, moment) for job in jobs))
        if not events and not jobs:
            return


async def _send(job: leases.Job, known: leases.Senders, now: datetime) -> None:
    sender = known[job.kind]
    await leases.record_outcome(job, await sender.send(job), sender=sender, now=now)
