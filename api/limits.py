"""Rate limits of the routes, counted by `api.gcra`.

Each route has a class (`opt={"limit": …}`, else `read` or `write` by method). A class limits the caller's address and
account; both are checked in one round trip, and nothing is spent when either refuses. When Redis is down,
login and codes are refused, everything else is let through and Redis is left alone for `DOWN_PAUSE_S`.
Addresses of `GW_OPS_NETWORKS` are proxies or ourselves: only the closed classes count them.
"""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from redis.asyncio import Redis

from api.actors import ACTOR_KEY, Actor
from api.addresses import client_address, subscriber, within
from api.gcra import DOWN_PAUSE_S, Rate, Verdict, take
from api.metrics import LIMITED
from api.problems import InternalError, TooManyRequests
from domain.kernel import crypto, settings
from domain.kernel.errors import Refusal, TryLater

HEADERS_KEY = "green_whistle_limit_headers"


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
