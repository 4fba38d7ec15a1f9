"""A process's connections to PostgreSQL, lent and given back without a task, a timer or a round trip.

asyncpg's own pool starts three tasks for each loan and return; that was a quarter of what a submission cost the API.
Here the connection given back last is lent first. What was cancelled, left inside a transaction or lost its server is
never lent again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import asyncpg

CLOSE_TIMEOUT_S = 5.0
Connect = Callable[[], Awaitable[Any]]


class Connection(asyncpg.Connection):
    """Knows whether the next caller may have it. Nothing here uses SET, LISTEN or session locks on pooled ones."""

    def is_fit(self) -> bool:
        """Neither inside a transaction nor waiting for the server to drop a cancelled statement."""
        return not (self.is_in_transaction() or self._protocol._is_cancelling())  # noqa: SLF001 - asyncpg's own check


class Loan:
    """`await` it for a connection to `give_back`, or enter it."""

    __slots__ = ("_connection", "_pool", "_timeout_s")

    def __init__(self, pool: "Pool", timeout_s: float) -> None:
        """Nothing is lent yet."""
        self._pool, self._timeout_s, self._connection = pool, timeout_s, None

    def __await__(self) -> Generator[Any, None, Any]:
        return self._pool.lend(timeout_s=self._timeout_s).__await__()

    async def __aenter__(self) -> Any:
        self._connection = await self._pool.lend(timeout_s=self._timeout_s)
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        self._pool.give_back(self._connection)


class Pool:
    """At most `size_max` connections, opened when needed. Belongs to the event loop that uses it."""

    def __init__(self, connect: Connect, *, size_max: int, wait_s: float) -> None:
        """`connect` opens one connection; a caller waits at most `wait_s` for its turn."""
        self._connect, self._size_max, self._wait_s = connect, size_max, wait_s
        self._idle: list[Any] = []
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._open = 0  # lent, idle and being opened
        self._opening: set[asyncio.Future[Any]] = set()
        self._closed = False

    def acquire(self, *, timeout: float | None = None) -> Loan:
        """A loan, also for Piccolo's queries."""
        return Loan(self, self._wait_s if timeout is None else timeout)

    async def release(self, connection: Any) -> None:
        """The same as `give_back`, for Piccolo."""
        self.give_back(connection)

    async def lend(self, *, timeout_s: float) -> Any:
        """A live connection; raises TimeoutError when none became free in time."""
        while not self._closed:
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_closed():
                    return connection
                self._open -= 1
            if self._open < self._size_max:
                return await self._opened()
            given = await self._turn(timeout_s)
            if given is not None:
                return given
        raise asyncpg.InterfaceError("the pool is closed")

    async def _opened(self) -> Any:
        """A new connection. A caller who stops waiting leaves it to the next: a half-open one cannot be taken back."""
        self._open += 1
        opening = asyncio.ensure_future(self._connect())
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(self._came_late)
            raise
        except BaseException:
            self._lost()
            raise

    def _came_late(self, opening: asyncio.Future[Any]) -> None:
        if opening.cancelled() or opening.exception() is not None:
            self._lost()
        else:
            self.give_back(opening.result())

    async def _turn(self, timeout_s: float) -> Any:
        """A connection handed over, or None when there is room for a new one."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(timeout_s):
                return await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # it came together with the cancellation: for the next one
                self._hand_over(turn.result())
            raise

    def give_back(self, connection: Any) -> None:
        """The next caller gets it, unless it is not fit to be used again."""
        if connection.is_closed():
            self._lost()
        elif self._closed or not connection.is_fit():
            connection.terminate()
            self._lost()
        else:
            self._hand_over(connection)

    def _lost(self) -> None:
        self._open -= 1
        self._hand_over(None)

    def _hand_over(self, connection: Any) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        if connection is not None:
            self._idle.append(connection)

    async def close(self) -> None:
        """Closes what is idle; what is still lent is ended when it comes back."""
        self._closed = True
        if self._opening:
            await asyncio.wait(self._opening, timeout=CLOSE_TIMEOUT_S)
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close(timeout=CLOSE_TIMEOUT_S)
            self._open -= 1
        while self._waiting:
            self._hand_over(None)
