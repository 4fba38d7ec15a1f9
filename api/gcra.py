"""GCRA as one atomic Lua script, shared by all processes through Redis: so many at once, then one every so often."""

import asyncio
import logging
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

DOWN_PAUSE_S = 2.0
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
