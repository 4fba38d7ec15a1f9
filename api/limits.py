"""Rate limits: GCRA as one atomic Lua script, shared by all processes through Redis.

Each route has a class (`opt={"limit": …}`, else `read` or `write` by method). A class limits the caller's address and
account; both are checked in one round trip, and nothing is spent when either refuses. When Redis is down,
login and codes are refused, everything else is let through and Redis is left alone for `DOWN_PAUSE_S`.
Addresses of `GW_OPS_NETWORKS` are proxies or ourselves: only the closed classes count them.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.actors import ACTOR_KEY, Actor
from api.addresses import client_address, subscriber, within
from api.metrics import LIMITED
from api.problems import InternalError, TooManyRequests
from domain.kernel import crypto, settings
from domain.kernel.errors import Refusal, TryLater

log = logging.getLogger(__name__)

DOWN_PAUSE_S = 2.0
HEADERS_KEY = "green_whistle_limit_headers"
GCRA = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost = tonumber(ARGV[1])
local states, left, wait, reset = {}, nil, 0, 0
for i, key in ipairs(KEYS) do
  local interval, burst = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local tat = math.max(tonumber(redis.call('GET', key) or 0), now)
  local new = math.max(tat + interval * cost, now)
  local early = new - interval * burst - now
  if early > 0 then wait = math.max(wait, early) end
  local room = math.floor((interval * burst - (new - now)) / interval)
  if left == nil or room < left then left = room; reset = new - now end
  states[i] = new
end
if wait > 0 then return {0, 0, math.ceil(wait / 1000), math.ceil(reset / 1000)} end
for i, key in ipairs(KEYS) do
  local life = math.ceil((states[i] - now) / 1000)
  if life > 0 then redis.call('SET', key, string.format('%.0f', states[i]), 'PX', life) else redis.call('DEL', key) end
end
return {1, left, 0, math.ceil(reset / 1000)}
"""


class Rate(msgspec.Struct, frozen=True):
    """`burst` at once, then one every `seconds / count` seconds."""

    count: int
    seconds: int
    burst: int

    @property
    def interval_us(self) -> int:
        """Microseconds between two permits once the burst is used up."""
        return self.seconds * 1_000_000 // self.count


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """The rates of one route class; `closed` refuses when Redis cannot be asked."""

    address: Rate
    account: Rate
    closed: bool = False


LIMITS: dict[str, Limit] = {
    "read": Limit(address=Rate(3_000, 60, 600), account=Rate(600, 60, 300)),
    "write": Limit(address=Rate(600, 60, 200), account=Rate(120, 60, 60)),
    "upload": Limit(address=Rate(600, 60, 200), account=Rate(120, 60, 60)),
    "export": Limit(address=Rate(30, 60, 10), account=Rate(6, 60, 6)),
    "machine": Limit(address=Rate(60_000, 60, 5_000), account=Rate(60_000, 60, 5_000)),
    "login": Limit(address=Rate(600, 600, 100), account=Rate(60, 600, 30), closed=True),
    "code": Limit(address=Rate(60, 600, 30), account=Rate(30, 600, 10), closed=True),
}
WRONG_ATTEMPTS = Rate(5, 600, 5)  # the sixth wrong attempt within ten minutes is refused
Connection = ASGIConnection[Any, Any, Any, Any]


class Verdict(msgspec.Struct, frozen=True):
    """The script's answer: whether to go on, permits left, and times in milliseconds."""

    allowed: bool
    left: int
    retry_ms: int
    reset_ms: int


_down_until: WeakKeyDictionary[Redis, float] = WeakKeyDictionary()


async def take(redis: Redis, keys: dict[str, Rate], *, cost: int = 1) -> Verdict | None:
    """Spends `cost` permits on every key, or on none; None when Redis cannot be asked. A negative cost gives back."""
    loop = asyncio.get_running_loop()
    if _down_until.get(redis, 0.0) > loop.time():
        return None
    rates = [number for rate in keys.values() for number in (rate.interval_us, rate.burst)]
    try:
        answer: Any = await redis.register_script(GCRA)(keys=list(keys), args=[cost, *rates])
    except (RedisError, OSError) as error:
        _down_until[redis] = loop.time() + DOWN_PAUSE_S
        log.warning("limits_without_redis", extra={"error": type(error).__name__})
        return None
    allowed, left, retry_ms, reset_ms = answer
    return Verdict(allowed == 1, left, retry_ms, reset_ms)


async def limit_guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Raises `TooManyRequests` when the caller's address or account has used up the route's class."""
    method = connection.scope.get("method", "GET")
    name = handler.opt.get("limit") or ("read" if method in {"GET", "HEAD"} else "write")
    chosen = settings.current()
    if name == "none" or chosen.rate_limits == "off" or method == "OPTIONS":
        return
    limit = LIMITS[name]
    keys = _keys(connection, name=name, limit=limit)
    if not keys:
        return
    verdict = await take(connection.app.state.parts.redis, keys)
    if verdict is None:
        if limit.closed:
            raise TryLater(retry_after_s=math.ceil(DOWN_PAUSE_S))
        return
    rate = min(keys.values(), key=lambda rate: rate.burst)
    connection.scope[HEADERS_KEY] = _headers(rate, verdict)  # type: ignore[literal-required]
    if not verdict.allowed:
        LIMITED.labels(name).inc()
        raise TooManyRequests(retry_after_s=max(1, math.ceil(verdict.retry_ms / 1000)))


def _keys(connection: Connection, *, name: str, limit: Limit) -> dict[str, Rate]:
    chosen = settings.current()
    address = client_address(connection.scope, trusted=chosen.trusted_proxies)
    keys = {}
    if limit.closed or not within(address, chosen.ops_networks):
        keys[f"limit:{name}:address:{subscriber(address)}"] = limit.address
    actor = connection.scope.get(ACTOR_KEY)
    if isinstance(actor, Actor):
        # A keyed hash: Redis learns no account id.
        tag = crypto.blind_index(actor.principal, secret=chosen.lookup_secret, purpose="limit")
        keys[f"limit:{name}:{tag.hex()}"] = limit.account
    return keys


def _headers(rate: Rate, verdict: Verdict) -> list[tuple[bytes, bytes]]:
    return [
        (b"ratelimit-limit", b"%d" % rate.burst),
        (b"ratelimit-remaining", b"%d" % max(0, verdict.left)),
        (b"ratelimit-reset", b"%d" % math.ceil(verdict.reset_ms / 1000)),
    ]


@asynccontextmanager
async def wrong_attempts(redis: Redis, *, purpose: str, subjects: list[str]) -> AsyncIterator[None]:
    """Around a secret's check: five failures in ten minutes per subject, then 429. Closed when Redis is down.

    The permit is taken before the check (parallel guesses cannot slip through) and given back when the block
    succeeds. `subjects` are addresses or pseudonyms, never a phone number or name in clear.
    """
    if settings.current().rate_limits == "off":
        yield
        return
    keys = {f"limit:wrong:{purpose}:{subject}": WRONG_ATTEMPTS for subject in subjects}
    verdict = await take(redis, keys)
    if verdict is None:
        raise TryLater(retry_after_s=math.ceil(DOWN_PAUSE_S))
    if not verdict.allowed:
        LIMITED.labels(purpose).inc()
        raise TooManyRequests(retry_after_s=max(1, math.ceil(verdict.retry_ms / 1000)))
    guessed = False
    try:
        yield
    except Refusal as refusal:
        guessed = refusal.status < InternalError.status  # our own failures are not the caller's guesses
        raise
    finally:
        if not guessed:
            await take(redis, keys, cost=-1)
