"""A circuit breaker shared by all workers through Redis: after some failures in a row nobody calls for a while.

Redis down means the breaker is closed: calls are made, and their own time-outs protect us.
"""

from redis.asyncio import Redis
from redis.exceptions import RedisError

FAILURES_MAX = 5  # in a row
OPEN_S = 15
COUNT_KEPT_S = 300


def _keys(peer: str) -> tuple[str, str]:
    return f"gw:breaker:{peer}:failures", f"gw:breaker:{peer}:open"


async def closed_in(redis: Redis, peer: str) -> float:
    """Seconds until calls are made again; 0 when they are made now."""
    try:
        remaining_ms = await redis.pttl(_keys(peer)[1])
    except RedisError:
        return 0.0
    return max(remaining_ms, 0) / 1000


async def count_failure(redis: Redis, peer: str) -> None:
    """One failure; the `FAILURES_MAX`-th in a row opens the breaker, and each one more opens it again."""
    failures, open_ = _keys(peer)
    try:
        count = await redis.incr(failures)
        await redis.expire(failures, COUNT_KEPT_S)
        if count >= FAILURES_MAX:
            await redis.set(open_, 1, ex=OPEN_S)
    except RedisError:
        return


async def count_success(redis: Redis, peer: str) -> None:
    """The peer answers: failures are forgotten."""
    try:
        await redis.delete(*_keys(peer))
    except RedisError:
        return
