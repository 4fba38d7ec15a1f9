"""A circuit breaker and a pace for calls to one provider, shared by every worker through Redis.

Both are courtesies, not truths: when Redis is away, calls go ahead and the provider's own limits decide.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

FAILURES_MAX = 5  # failed calls in a row open the breaker
OPEN_MS = 15_000  # then nobody calls; afterwards one failure opens it again
MEMORY_MS = 60_000  # failures further apart than this do not add up

# KEYS: failures, open. ARGV: max, memory ms, open ms. Answers 1 when this failure opened the breaker.
FAILED = """
local n = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if n < tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[2], '1', 'PX', ARGV[3])
return 1
"""

# GCRA. KEYS: theoretical arrival. ARGV: interval in us, burst. Answers the wait in ms, 0 when the call may go now.
PACE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local tat = tonumber(redis.call('GET', KEYS[1]) or now)
if tat < now then tat = now end
local new = tat + interval
local early = new - interval * burst - now
if early > 0 then return math.ceil(early / 1000) end
redis.call('SET', KEYS[1], string.format('%.0f', new), 'PX', math.ceil((new - now) / 1000) + 1)
return 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The breaker of one provider."""

    redis: Redis
    provider: str

    async def open_for_s(self) -> float:
        """How long nobody should call; 0 when calls may go."""
        try:
            left = await self.redis.pttl(f"breaker:{self.provider}:open")
        except RedisError:
            return 0.0
        return max(left, 0) / 1000

    async def failed(self) -> bool:
        """One more call without a readable answer; True when this opened the breaker."""
        keys = (f"breaker:{self.provider}:failures", f"breaker:{self.provider}:open")
        try:
            answer = self.redis.eval(FAILED, 2, *keys, str(FAILURES_MAX), str(MEMORY_MS), str(OPEN_MS))
            return bool(await cast("Awaitable[int]", answer))
        except RedisError:
            return False

    async def hold(self, seconds: float) -> None:
        """Nobody calls for this long: the provider said that the quota is used up."""
        try:
            await self.redis.set(f"breaker:{self.provider}:open", "1", px=max(1, round(seconds * 1000)))
        except RedisError:
            return

    async def answered(self) -> None:
        """A readable answer, also a refusal: the provider lives."""
        try:
            await self.redis.delete(f"breaker:{self.provider}:failures")
        except RedisError:
            return


async def wait_for_turn_s(redis: Redis, *, name: str, per_minute: int, burst: int) -> float:
    """Seconds this call should wait to stay under `per_minute` over all workers; 0 when it may go now."""
    interval_us = 60_000_000 // per_minute
    try:
        answer = redis.eval(PACE, 1, f"pace:{name}", str(interval_us), str(burst))
        return await cast("Awaitable[int]", answer) / 1000
    except RedisError:
        return 0.0
