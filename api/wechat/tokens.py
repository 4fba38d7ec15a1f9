"""The access token: one per appid for all processes, kept sealed in Redis, renewed early by one of them.

Near its end the old token still works while one process fetches the next, so nobody waits. In normal mode WeChat gives
everyone the same token; should Redis be away, each process therefore simply asks for itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.kernel.crypto import KeyRing, SealBroken

RENEW_BEFORE_S = 300  # WeChat keeps old and new valid together for these five minutes
LOCK_MS = 12_000  # outlives the fetch it guards
POLL_S = 0.05
WAIT_S = 10.0


class Token(msgspec.Struct, frozen=True):
    """A token and its end, Unix seconds."""

    text: str
    dies_at: float

    def fresh(self, now: float) -> bool:
        """Whether nobody needs to renew it yet."""
        return now < self.dies_at - RENEW_BEFORE_S

    def alive(self, now: float) -> bool:
        """Whether it still works, with 5 s for the call itself."""
        return now < self.dies_at - 5


def _now() -> float:
    return datetime.now(UTC).timestamp()


@dataclass(slots=True, kw_only=True)
class TokenShelf:
    """Where the token of one appid is kept. `fetch` asks WeChat for (token, seconds to live)."""

    redis: Redis
    ring: KeyRing
    appid: str
    fetch: Callable[[], Awaitable[tuple[str, int]]]
    now: Callable[[], float] = _now
    local: Token | None = field(default=None)

    @property
    def _key(self) -> str:
        return f"wechat:token:{self.appid}"

    async def get(self) -> str:
        """A token that works now; whatever `fetch` raises when there is none."""
        token = await self._read()
        if token is not None and token.fresh(self.now()):
            return token.text
        if await self._lock():
            return await self._renew()
        if token is not None and token.alive(self.now()):
            return token.text
        return await self._wait()

    async def drop(self, text: str) -> None:
        """WeChat refused this token: forget it unless somebody already replaced it."""
        token = await self._read()
        if token is None or token.text != text:
            return
        self.local = None
        try:
            await self.redis.delete(self._key)
        except RedisError:
            return

    async def _renew(self) -> str:
        try:
            text, seconds = await self.fetch()
            token = Token(text, self.now() + seconds)
            self.local = token
            await self._write(token, seconds)
            return text
        finally:
            await self._unlock()

    async def _wait(self) -> str:
        """Another process is fetching: take its token, or fetch when it did not come."""
        for _ in range(round(WAIT_S / POLL_S)):
            await asyncio.sleep(POLL_S)
            token = await self._read()
            if token is not None and token.alive(self.now()):
                return token.text
            if await self._lock():
                break
        return await self._renew()

    async def _read(self) -> Token | None:
        try:
            sealed = await self.redis.get(self._key)
        except RedisError:
            return self.local
        if not isinstance(sealed, bytes):
            return None
        try:
            return msgspec.json.decode(self.ring.open(sealed, context=self._key), type=Token)
        except (SealBroken, msgspec.MsgspecError):
            return None

    async def _write(self, token: Token, seconds: int) -> None:
        sealed = self.ring.seal(msgspec.json.encode(token), context=self._key)
        try:
            await self.redis.set(self._key, sealed, ex=max(seconds, 1))
        except RedisError:
            return

    async def _lock(self) -> bool:
        try:
            return bool(await self.redis.set(f"{self._key}:lock", "1", nx=True, px=LOCK_MS))
        except RedisError:
            return True

    async def _unlock(self) -> None:
        try:
            await self.redis.delete(f"{self._key}:lock")
        except RedisError:
            return
