"""An accepted report against one bare INSERT and against a minimal route with one INSERT, all durable."""

import asyncio
import statistics

import asyncpg
import msgspec

from api.bench import floor, meter
from api.bench.bench import Bench
from api.bench.load import request_bytes
from api.bench.report import Limit, Report, Row, median_row

SUMMARY = "POST /v1/reports: verified token, idempotency, report, timeline, outbox, audit, one durable commit"
ROLES = ("api", "floor")
RESIDENTS = 50
CONNECTIONS = 16
CPU_US_MAX = 700.0
RATIO_MAX = 3.0
MEMORY_MIB_MAX = 120.0
COMMITS_MAX = 1.05  # durable ones per report; requests cut off at the end of a round leave a few more
DRAFT = {
    "category": "water.outfall",
    "text": "排口有黑水流出，气味刺鼻，河面有油花。",
    "place": {"lng": 120.0261, "lat": 30.4412, "datum": "wgs84", "accuracy_m": 12.5},
    "no_photo_reason": "other",
}


async def run(bench: Bench) -> Report:
    """Rounds of the three in turn, so that they share the machine's moods."""
    tokens = await bench.residents(RESIDENTS)
    body = msgspec.json.encode(DRAFT)
    thing = msgspec.json.encode({"text": DRAFT["text"], "lng": 120.0261, "lat": 30.4412})
    floor_url = bench.installation.url("floor")
    floor_groups = {"api": bench.installation.child("floor").pid, "postgres": bench.groups["postgres"]}

    def submit(n: int) -> bytes:
        headers = {"Authorization": f"Bearer {tokens[n % RESIDENTS]}", "Idempotency-Key": f"bench-{n:012d}"}
        return request_bytes("POST", f"{bench.url}/v1/reports", body=body, headers=headers)

    def minimal(_: int) -> bytes:
        return request_bytes("POST", f"{floor_url}/insert", body=thing)

    await bench.warm_up(submit)
    await bench.warm_up(minimal, url=floor_url)
    inserts, minimals, submits, commits = [], [], [], []
    for _ in range(bench.rounds):
        inserts.append(await bench.counted("one INSERT", lambda: bare_inserts(bench), groups=_postgres(bench)))
        minimals.append(
            await bench.under_load("minimal route, one INSERT", minimal, url=floor_url, groups=floor_groups)
        )
        before = await _commits(bench)
        submits.append(await bench.under_load("submit", submit, connections=CONNECTIONS))
        commits.append((await _commits(bench) - before) / max(submits[-1].operations, 1))
    rows = [median_row(inserts), median_row(minimals), median_row(submits)]
    return Report(scenario="submit", rows=rows, limits=_limits(bench, rows, commits=statistics.median(commits)))


def _postgres(bench: Bench) -> dict[str, int]:
    return {"postgres": bench.groups["postgres"]}


async def bare_inserts(bench: Bench) -> int:
    """Durable single-row inserts over `CONNECTIONS` connections for one round; returns how many."""
    loop = asyncio.get_running_loop()
    until = loop.time() + bench.seconds

    async def one_after_another() -> int:
        connection = await asyncpg.connect(bench.settings.database_url)
        try:
            insert, done = await connection.prepare(floor.INSERT), 0
            while loop.time() < until:
                await insert.fetchval("排口有黑水流出", 120.0261, 30.4412)
                done += 1
        finally:
            await connection.close()
        return done

    return sum(await asyncio.gather(*(one_after_another() for _ in range(CONNECTIONS))))


async def _commits(bench: Bench) -> int:
    """Write transactions so far: each takes one transaction id, reads take none."""
    connection = await asyncpg.connect(bench.settings.database_url)
    try:
        return int(await connection.fetchval("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))
    finally:
        await connection.close()


def _limits(bench: Bench, rows: list[Row], *, commits: float) -> list[Limit]:
    insert, minimal, submit = rows
    memory = meter.memory_kib(bench.groups["api"]) / 1024
    return [
        Limit(name="submit, all server CPU", value=submit.total_us, unit="µs", limit=CPU_US_MAX),
        Limit(name="submit ÷ minimal route", value=submit.total_us / minimal.total_us, unit="×", limit=RATIO_MAX),
        Limit(
            name="submit ÷ one INSERT (database part)",
            value=submit.cpu_us["postgres"] / insert.cpu_us["postgres"],
            unit="×",
        ),
        Limit(name="durable commits per report", value=commits, unit="", limit=COMMITS_MAX),
        Limit(name="memory of the API process", value=memory, unit="MiB", limit=MEMORY_MIB_MAX),
        Limit(name="failed requests", value=float(submit.failures), unit="", limit=0),
    ]
