"""A report with everything behind it: stored, handed over, accepted, announced — API, workers and database together."""

import asyncio
import time

import httpx
import msgspec

from api.bench.bench import Bench
from api.bench.load import request_bytes
from api.bench.report import Limit, Report, Row, percentile
from api.bench.scenarios.submit import DRAFT
from domain.kernel import database

SUMMARY = "submit until forwarded and announced: server CPU per report, time to the platform, drain of the outbox"
ROLES = ("wechat", "platform", "api", "worker", "beat")
RESIDENTS = 50
CONNECTIONS = 4
CPU_US_MAX = 10_000.0
ACCEPTED_P95_S_MAX = 5.0
DRAIN_MIN = 1_000.0  # outbox rows a second
PAUSE_S = 0.05  # between reports of one connection: a steady load that two cores keep up with
SETTLE_S = 120.0
OPEN = """
select (select count(*) from outbox_event where done_at is null and name <> 'Ticked') +
       (select count(*) from send_job where state = 'pending' and kind = 'forward')
"""
ACCEPTED = """
select extract(epoch from r.accepted_at - c.opened_at) as seconds from case_round r join case_file c on c.id = r."case"
where r.accepted_at is not null and c.opened_at >= $1
"""


async def run(bench: Bench) -> Report:
    """A steady stream first, then a burst whose drain is timed."""
    async with httpx.AsyncClient(base_url=bench.installation.url("platform"), trust_env=False) as platform:
        (await platform.post("/sandbox/play", json={"auto": False})).raise_for_status()
    tokens = await bench.residents(RESIDENTS)
    body = msgspec.json.encode(DRAFT)

    def submit(n: int) -> bytes:
        headers = {"Authorization": f"Bearer {tokens[n % RESIDENTS]}", "Idempotency-Key": f"cycle-{n:012d}"}
        return request_bytes("POST", f"{bench.url}/v1/reports", body=body, headers=headers)

    await bench.warm_up(submit, connections=1)
    await _settle()
    await database.execute("analyze")  # as autovacuum does each minute: plans made for empty tables end here
    began = await database.fetch_value("select now()")

    async def stream() -> int:
        row = await bench.under_load("", submit, connections=CONNECTIONS, pause_s=PAUSE_S)
        await _settle()
        return row.operations

    whole = await bench.counted("report with everything behind it", stream)
    waits = [float(row["seconds"]) for row in await database.fetch(ACCEPTED, began)]
    return Report(scenario="cycle", rows=[whole], limits=[*_limits(whole, waits), await _drained()])


def _limits(whole: Row, waits: list[float]) -> list[Limit]:
    count = float(whole.operations)
    return [
        Limit(name="server CPU per report", value=whole.total_us, unit="µs", limit=CPU_US_MAX),
        Limit(name="accepted by the platform, p95", value=percentile(waits, 0.95), unit="s", limit=ACCEPTED_P95_S_MAX),
        Limit(name="reports forwarded", value=float(len(waits)), unit="", limit=count, sense="at least"),
    ]


async def _drained() -> Limit:
    value = await _drain()
    return Limit(name="outbox rows drained", value=value, unit="a second", limit=DRAIN_MIN, sense="at least")


async def _settle() -> None:
    deadline = time.monotonic() + SETTLE_S
    while await database.fetch_value(OPEN) and time.monotonic() < deadline:  # noqa: ASYNC110 - the database is asked
        await asyncio.sleep(0.1)


async def _drain() -> float:
    """Rows a second while the workers empty an outbox filled with events that announce nothing."""
    rows = 20_000
    await database.execute(
        "insert into outbox_event (name, payload, recorded_at, attempts)"
        " select 'CaseAccepted', jsonb_build_object('case_id', gen_random_uuid(), 'round', 1), now(), 0"
        " from generate_series(1, $1)",
        rows,
    )
    began = time.monotonic()
    await _settle()
    return rows / (time.monotonic() - began)
