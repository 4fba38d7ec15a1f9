"""Photographs: processor time against a scaled decode, memory, eight large uploads at once, look-alikes."""

import asyncio
import random
import statistics
import time
from pathlib import Path

import httpx

from api.bench import meter
from api.bench.bench import Bench
from api.bench.report import Limit, Report, Row
from domain.kernel import database
from media import matching, measuring
from media.likeness_bits import Likeness, signed
from media.limits import MIB, PHOTO_BYTES_MAX

SUMMARY = "Photographs: ingest against one scaled decode, peak memory, eight 12 MiB uploads at once, look-alikes"
ROLES = ("api",)
UPLOADS = 8
HASHES = 1_000_000
LOOKUPS = 60
INGEST_RATIO_MAX = {"12 MP JPEG": 2.5, "48 MP JPEG": 1.5}
NAIVE_RATIO_MIN = 4.0
PEAK_MIB_MAX = {"48 MP JPEG": 60.0, "12 MP HEIC": 160.0}
SAMPLE_EVERY_S = 0.01
BAND_INDEXES = "select indexdef, indexname from pg_indexes where indexname like 'photo_likeness_band%'"
FILL = """
insert into photo_likeness (photo, view, bits)
select gen_random_uuid(), 0, ((random() * 4294967295)::bigint << 32) # (random() * 4294967295)::bigint
from generate_series(1, $1)
"""


async def run(bench: Bench) -> Report:
    """All four parts; the costs are medians of `rounds` × 3 repetitions."""
    costs = await asyncio.to_thread(measuring.costs, rounds=bench.rounds * 3)
    webp = await asyncio.to_thread(measuring.webp_ms, rounds=bench.rounds)
    uploads_mib, upload_ms = await eight_uploads(bench)
    lookup_ms, plan = await lookups()
    rows = [row for cost in costs for row in _rows(cost)]
    limits = [limit for cost in costs for limit in _limits(cost)]
    limits += [
        Limit(name="API memory, eight 12 MiB uploads", value=uploads_mib, unit="MiB", limit=2 * PHOTO_BYTES_MAX / MIB),
        Limit(name="one of eight uploads, median", value=upload_ms, unit="ms"),
        Limit(name=f"look-alikes among {HASHES:,} hashes", value=lookup_ms, unit="ms", limit=5.0),
        Limit(name="1600 px copy as WebP", value=webp, unit="ms"),
    ]
    return Report(scenario="photos", rows=rows, limits=limits, notes=plan)


def _rows(cost: measuring.Cost) -> list[Row]:
    named = {"ingest": cost.ingest_ms, "one scaled decode": cost.scaled_ms, "naive": cost.naive_ms}
    return [Row(name=f"{cost.name}: {name}", operations=1, cpu_us={"process": ms * 1000}) for name, ms in named.items()]


def _limits(cost: measuring.Cost) -> list[Limit]:
    ratio, naive = cost.ingest_ms / cost.scaled_ms, cost.naive_ms / cost.ingest_ms
    least = NAIVE_RATIO_MIN if cost.name in INGEST_RATIO_MAX else None
    return [
        Limit(
            name=f"{cost.name}: ingest / scaled decode", value=ratio, unit="×", limit=INGEST_RATIO_MAX.get(cost.name)
        ),
        Limit(name=f"{cost.name}: naive / ingest", value=naive, unit="×", limit=least, sense="at least"),
        Limit(name=f"{cost.name}: peak memory", value=cost.peak_mib, unit="MiB", limit=PEAK_MIB_MAX.get(cost.name)),
    ]


def _resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4 / meter.KIB


async def eight_uploads(bench: Bench) -> tuple[float, float]:
    """(growth of the API process in MiB while eight uploads of the largest size run, median milliseconds of one)."""
    pid = bench.installation.child("api").pid
    (token,) = await bench.residents(1)
    files = [await asyncio.to_thread(measuring.largest_upload, number) for number in range(UPLOADS + 1)]
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=120) as phone:

        async def send(data: bytes) -> float:
            began = time.perf_counter()
            answer = await phone.post(f"{bench.url}/v1/photos", files={"file": ("x.jpg", data, "image/jpeg")})
            answer.raise_for_status()
            return (time.perf_counter() - began) * 1000

        await send(files[0])  # loads what is loaded late: the store's client, the decoding process
        idle, peak, done = _resident_mib(pid), 0.0, asyncio.Event()

        async def watch() -> None:
            nonlocal peak
            while not done.is_set():
                peak = max(peak, _resident_mib(pid))
                await asyncio.sleep(SAMPLE_EVERY_S)

        watching = asyncio.create_task(watch())
        times = await asyncio.gather(*(send(data) for data in files[1:]))
        done.set()
        await watching
    return peak - idle, statistics.median(times)


async def lookups() -> tuple[float, list[str]]:
    """(median milliseconds of one whole look-up: three hashes, four bands; the plan's lines)."""
    async with database.connection() as connection:
        await connection.execute("set statement_timeout = 0")
        indexes = await connection.fetch(BAND_INDEXES)
        await connection.execute("set session_replication_role = replica")  # no photographs behind these hashes
        for index in indexes:
            await connection.execute(f"drop index {index['indexname']}")
        await connection.execute(FILL, HASHES, timeout=600)
        for index in indexes:
            await connection.execute(index["indexdef"], timeout=600)
        await connection.execute("vacuum analyze photo_likeness", timeout=600)
        await connection.execute("reset statement_timeout; reset session_replication_role")
    chance, times = random.Random(64), []
    asked: list[int] = []
    for _ in range(LOOKUPS):
        asked = [signed(chance.getrandbits(64)) for _ in range(3)]
        likeness = Likeness(whole=asked[0], mirrored=asked[1], cropped=asked[2], sides=(0, 0, 0, 0))
        began = time.perf_counter()
        await matching.matches_of(likeness)
        times.append((time.perf_counter() - began) * 1000)
    plan = await database.fetch(f"explain (analyze, timing off) {matching.SIMILAR}", *matching.arguments(asked))
    return statistics.median(times), [line[0] for line in plan if "Index" in line[0] or "Time" in line[0]]
