"""The long-lived parts of a process: settings, database pool, Redis, HTTP client. Opened once, closed in reverse."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from domain.kernel import database, settings, trace
from domain.kernel.settings import Settings
from media.darkroom import Darkroom
from media.store import Store

HTTP_CONNECT_TIMEOUT_S = 3.0
HTTP_TOTAL_TIMEOUT_S = 15.0
REDIS_TIMEOUT_S = 1.0


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What routes, senders and commands may use."""

    settings: Settings
    redis: Redis
    http: httpx.AsyncClient  # follows no redirects; peers come from settings only
    store: Store  # connects with its first use
    darkroom: Darkroom  # starts its processes with the first photograph


async def _trace(request: httpx.Request) -> None:
    """Other machines see which request of ours a call belongs to."""
    if origin := trace.origin():
        request.headers["X-Request-Id"] = origin


@asynccontextmanager
async def open_parts(chosen: Settings) -> AsyncIterator[Parts]:
    """Opens everything for one process (or one test) and makes `chosen` the process's settings."""
    settings.use(chosen)
    async with AsyncExitStack() as stack:
        await database.open_pool(chosen.database_url, size_max=chosen.database_pool_max)
        stack.push_async_callback(database.close_pool)
        redis = Redis.from_url(
            chosen.redis_url,
            socket_timeout=REDIS_TIMEOUT_S,
            socket_connect_timeout=REDIS_TIMEOUT_S,
            retry=Retry(NoBackoff(), 1),
        )
        stack.push_async_callback(redis.aclose)
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                timeout=httpx.Timeout(HTTP_TOTAL_TIMEOUT_S, connect=HTTP_CONNECT_TIMEOUT_S),
                follow_redirects=False,
                trust_env=False,
                event_hooks={"request": [_trace]},
            )
        )
        store = await stack.enter_async_context(Store(chosen))
        darkroom = await stack.enter_async_context(Darkroom())
        yield Parts(settings=chosen, redis=redis, http=http, store=store, darkroom=darkroom)
