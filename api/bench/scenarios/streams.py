"""Two thousand phones watching their inbox at one API process: memory above idle, and how fast news reaches them."""

import asyncio
import time

from api.bench import meter
from api.bench.bench import Bench
from api.bench.load import request_bytes
from api.bench.report import Limit, Report, Row, percentile
from domain.kernel import clock, database
from domain.kernel.errors import Text
from notifications import broadcasts, stream
from notifications.broadcasts import Broadcast

SUMMARY = "2,000 open event streams at one API process: memory above idle, time until all have a broadcast"
ROLES = ("api",)
STREAMS = 2_000
PER_PERSON = 4
OPENING_AT_ONCE = 50
MEMORY_MIB_MAX = 150.0
TOLD_S = 30.0


class Watcher:
    """One phone: a socket that was answered with the beginning of a stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Both ends of the connection."""
        self.reader, self.writer = reader, writer

    async def told_at(self) -> float:
        """When the next message arrived."""
        while b"event: message" not in await self.reader.readline():
            continue
        return time.perf_counter()


async def run(bench: Bench) -> Report:
    """Opens all streams, reads the memory, tells everybody something."""
    first, *tokens = await bench.residents(1 + STREAMS // PER_PERSON)
    gate = asyncio.Semaphore(OPENING_AT_ONCE)
    warm = await _open(bench, first, gate)  # code and caches
    idle = meter.memory_kib(bench.groups["api"]) / 1024
    watchers = await asyncio.gather(*(_open(bench, tokens[n // PER_PERSON], gate) for n in range(STREAMS)))
    above = meter.memory_kib(bench.groups["api"]) / 1024 - idle
    waits = await _tell(bench, watchers)
    for watcher in (warm, *watchers):
        watcher.writer.close()
    row = Row(
        name="broadcast to an open stream",
        operations=len(waits),
        cpu_us={},
        p50_ms=percentile(waits, 0.5),
        p95_ms=percentile(waits, 0.95),
        failures=len(watchers) - len(waits),
    )
    limits = [
        Limit(name=f"memory above idle with {len(watchers)} streams", value=above, unit="MiB", limit=MEMORY_MIB_MAX),
        Limit(name="streams without the message", value=float(row.failures), unit="", limit=0),
    ]
    return Report(scenario="streams", rows=[row], limits=limits)


async def _open(bench: Bench, token: str, gate: asyncio.Semaphore) -> Watcher:
    async with gate:
        host, port = bench.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        headers = {"Authorization": f"Bearer {token}"}
        writer.write(request_bytes("GET", f"{bench.url}/v1/inbox/stream", body=b"", headers=headers))
        status = await reader.readline()
        if b"200" not in status:
            raise RuntimeError(f"no stream: {status!r}")
        while b"retry:" not in await reader.readline():
            continue
        return Watcher(reader, writer)


async def _tell(bench: Bench, watchers: list[Watcher]) -> list[float]:
    """Milliseconds from the commit to each phone; phones that got nothing in time are missing."""
    words = Broadcast(
        audience="district", reach=(), headline=Text("公告", "Notice"), message=Text("内容", "Text"), urgent=True
    )
    async with database.transaction():
        await broadcasts.announce(words, subject="broadcast:district", at=clock.utc_now())
    began = time.perf_counter()
    await stream.wake(bench.parts.redis)
    done, waiting = await asyncio.wait([asyncio.create_task(w.told_at()) for w in watchers], timeout=TOLD_S)
    for task in waiting:
        task.cancel()
    return [(task.result() - began) * 1000 for task in done]
