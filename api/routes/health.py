"""Is this process alive, can it work, and how is it doing: for supervisors, balancers and Prometheus."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Annotated, Literal

import asyncpg
import httpx
import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import generate_latest
from redis.exceptions import RedisError

from api import metrics
from api.parts import Parts
from domain.kernel import clock, database
from domain.kernel.outbox import ATTEMPTS_MAX

CHECK_TIMEOUT_S = 2.0
METRICS_TIMEOUT_S = 3.0
METRICS_TYPE = "text/plain; version=0.0.4"  # Litestar adds the charset
NO_STORE = {"Cache-Control": "no-store"}
LIVE = {"audience": "public", "limit": "none"}
State = Literal["ok", "down", "slow", "unset"]


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Whether requests can be served now, and the state of each dependency."""

    status: Annotated[Literal["ok", "down"], msgspec.Meta(description="`down` when the database is not usable.")]
    database: State
    redis: Annotated[State, msgspec.Meta(description="Needed for limits and prompt delivery; reads go on without it.")]
    objects: Annotated[State, msgspec.Meta(description="The object store; only photographs need it.")]


@get("/health/live", opt=LIVE, tags=["Operations"], summary="Alive", sync_to_thread=False)
def live() -> Response[Live]:
    """Answers as long as the process runs; asks nothing else. Restart the process when it does not."""
    return Response(Live(), headers=NO_STORE)


@get("/health/ready", opt=LIVE, tags=["Operations"], summary="Ready")
async def ready(parts: NamedDependency[Parts]) -> Response[Ready]:
    """Asks every dependency at once, each with a time-out of 2 s; 503 when the database is not usable."""
    database_state, redis_state, objects_state = await asyncio.gather(
        _within_time(_ask_database()), _within_time(_ask_redis(parts)), _within_time(_ask_objects(parts))
    )
    up = database_state == "ok"
    answer = Ready(status="ok" if up else "down", database=database_state, redis=redis_state, objects=objects_state)
    return Response(answer, status_code=200 if up else 503, headers=NO_STORE)


async def _within_time(question: Awaitable[State]) -> State:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await question
    except TimeoutError:
        return "slow"
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError, httpx.HTTPError):
        return "down"


async def _ask_database() -> State:
    await database.fetch_value("select 1")
    return "ok"


async def _ask_redis(parts: Parts) -> State:
    await parts.redis.ping()
    return "ok"


async def _ask_objects(parts: Parts) -> State:
    if not parts.settings.s3_url:
        return "unset"
    await parts.http.get(parts.settings.s3_url)  # any answer will do, also a refusal
    return "ok"


@get(
    "/metrics",
    opt={"audience": "ops", "limit": "none"},
    tags=["Operations"],
    summary="Prometheus metrics",
    media_type="text/plain",
)
async def read_metrics() -> Response[bytes]:
    """Counts and times of this process, and the state of outbox, deliveries and ledger as the database has it.

    Only for addresses of `GW_OPS_NETWORKS`. Database numbers are left out when it does not answer within 3 s.
    """
    try:
        async with asyncio.timeout(METRICS_TIMEOUT_S):
            await _refresh()
        metrics.DATABASE_UP.set(1)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        metrics.DATABASE_UP.set(0)
    return Response(generate_latest(metrics.REGISTRY), media_type=METRICS_TYPE, headers=NO_STORE)


OUTBOX = """
select count(*) filter (where attempts < $1) as open, count(*) filter (where attempts >= $1) as dead,
       min(recorded_at) filter (where attempts < $1) as oldest
from outbox_event where done_at is null
"""
JOBS = "select kind, state, count(*) as n from send_job group by kind, state"
LAG = "select min(due_at) from send_job where state = 'pending' and due_at <= $1"

TOTALS = """
select u.code as unit, a.kind, sum(a.balance) as balance, sum(a.held) as held
from reward_account a join reward_unit u on u.id = a.unit group by u.code, a.kind
"""
TOTALS_KEPT = timedelta(minutes=1)  # the sum reads every account
_totals_read_at: list[datetime] = []


async def _refresh_totals(*, now: datetime) -> None:
    if _totals_read_at and now - _totals_read_at[0] < TOTALS_KEPT:
        return
    for row in await database.fetch(TOTALS):
        metrics.LEDGER.labels(row["unit"], row["kind"], "balance").set(row["balance"])
        metrics.LEDGER.labels(row["unit"], row["kind"], "held").set(row["held"])
    _totals_read_at[:] = [now]


async def _refresh() -> None:
    now = clock.utc_now()
    row = await database.fetch_row(OUTBOX, ATTEMPTS_MAX)
    if row is not None:
        metrics.OUTBOX_OPEN.set(row["open"])
        metrics.OUTBOX_DEAD.set(row["dead"])
        metrics.OUTBOX_AGE.set((now - row["oldest"]).total_seconds() if row["oldest"] else 0)
    metrics.JOBS.clear()
    for job in await database.fetch(JOBS):
        metrics.JOBS.labels(job["kind"], job["state"]).set(job["n"])
    oldest = await database.fetch_value(LAG, now)
    metrics.JOB_LAG.set((now - oldest).total_seconds() if oldest else 0)
    await _refresh_totals(now=now)


ROUTES = [live, ready, read_metrics]
