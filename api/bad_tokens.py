"""Forged tokens are counted by address, and an address that sends too many is not even listened to.

Verifying a token takes more than refusing a request, so after `FORGED` wrong signatures the address gets 429 before
anything is decoded. Tokens known to this process still pass: people behind the same address go on working. Expired
tokens are ours and do not count; neither do addresses of `GW_OPS_NETWORKS`, nor anybody while Redis is down.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from redis.asyncio import Redis

from api.addresses import client_address, subscriber, within
from api.gcra import Rate, take
from api.metrics import LIMITED
from api.problems import TooManyRequests, Unauthenticated
from api.tokens import Claims, TokenExpired, TokenRefused, is_remembered, verify_access
from domain.kernel import settings

FORGED = Rate(60, 60, 30)
ADDRESSES_REMEMBERED_MAX = 10_000

_deaf_until: OrderedDict[str, float] = OrderedDict()  # address → time.monotonic()


async def verified(scope: Mapping[str, Any], token: str, *, kind: str, now: datetime) -> Claims:
    """The claims of a valid token; raises `Unauthenticated`, or `TooManyRequests` where forged ones come from."""
    chosen = settings.current()
    known = is_remembered(chosen, token, kind=kind)
    address = "" if known else _counted(scope)
    if address and (left := _deaf_until.get(address, 0.0) - time.monotonic()) > 0:
        raise _too_many(left)
    try:
        return verify_access(chosen, token, kind=kind, now=now)
    except TokenExpired as expired:
        raise Unauthenticated from expired
    except TokenRefused as refused:
        if address:
            await _count(scope["litestar_app"].state.parts.redis, address)
        raise Unauthenticated from refused


def _counted(scope: Mapping[str, Any]) -> str:
    """The address to count; empty for those that are not counted."""
    chosen = settings.current()
    if chosen.rate_limits == "off":
        return ""
    address = client_address(scope, trusted=chosen.trusted_proxies)
    return "" if within(address, chosen.ops_networks) else subscriber(address)


async def _count(redis: Redis, address: str) -> None:
    verdict = await take(redis, {f"limit:bad-token:{address}": FORGED})
    if verdict is None or verdict.allowed:
        return
    wait_s = verdict.retry_ms / 1000
    _deaf_until[address] = time.monotonic() + wait_s
    _deaf_until.move_to_end(address)
    if len(_deaf_until) > ADDRESSES_REMEMBERED_MAX:
        _deaf_until.popitem(last=False)
    raise _too_many(wait_s)


def _too_many(wait_s: float) -> TooManyRequests:
    LIMITED.labels("bad-token").inc()
    return TooManyRequests(retry_after_s=max(1, math.ceil(wait_s)))
