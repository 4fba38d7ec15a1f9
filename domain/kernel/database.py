"""PostgreSQL through Piccolo's engine and asyncpg's pool: one pool per process, explicit transactions.

`transaction()` is the only way to open a transaction; it refuses to nest, because Piccolo's inner transaction is no
savepoint. `fetch`, `fetch_row`, `fetch_value` and `execute` run SQL text with `$1` parameters inside the current
transaction, or on a pooled connection when there is none. Piccolo queries join the same transaction.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import asyncpg
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from domain.kernel.pool import Connection, Pool

ACQUIRE_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_MS = 15_000


class SafeTransaction(PostgresTransaction):
    """Gives its connection back and clears the context whatever COMMIT or ROLLBACK does."""

    async def get_connection(self) -> Any:
        """A pooled connection, or a TimeoutError after `ACQUIRE_TIMEOUT_S`."""
        if self.engine.pool:
            return await self.engine.pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        return await self.engine.get_new_connection()

    async def begin(self) -> None:
        """BEGIN; gives the connection back when the server does not answer it."""
        try:
            await super().begin()
        except BaseException:
            await self._give_back()
            raise

    async def _give_back(self) -> None:
        if self.engine.pool:
            self.engine.pool.give_back(self.connection)
        else:
            await self.connection.close()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Commits, or rolls back on an error; always releases."""
        try:
            if kind is not None:
                with contextlib.suppress(asyncpg.InterfaceError, asyncpg.PostgresConnectionError, OSError):
                    if not self._rolled_back:
                        await self.rollback()
            elif not (self._committed or self._rolled_back):
                await self.commit()
        finally:
            self.engine.current_transaction.reset(self.context)
            await self._give_back()
        return False


class Engine(PostgresEngine):
    """Connects only when asked to: importing a table opens nothing."""

    __slots__ = ()

    async def check_version(self) -> None:
        """Not at import."""

    async def prep_database(self) -> None:
        """No extensions are needed."""

    def transaction(self, allow_nested: bool = False) -> SafeTransaction:
        """A transaction that survives a failed COMMIT."""
        return SafeTransaction(engine=self, allow_nested=allow_nested)


ENGINE = Engine(config={}, extensions=())


async def open_pool(url: str, *, size_max: int) -> None:
    """Opens this process's pool; call once from lifespan, worker init or a command."""
    ENGINE.config = {"dsn": url}
    server_settings = {"application_name": "green-whistle", "statement_timeout": str(STATEMENT_TIMEOUT_MS)}

    async def connect() -> Any:
        return await asyncpg.connect(
            url, timeout=ACQUIRE_TIMEOUT_S, connection_class=Connection, server_settings=server_settings
        )

    pool = Pool(connect, size_max=size_max, wait_s=ACQUIRE_TIMEOUT_S)
    async with pool.acquire():  # a wrong address is told now
        ENGINE.pool = pool


async def close_pool() -> None:
    """Closes the pool; safe when it was never opened."""
    pool, ENGINE.pool = ENGINE.pool, None
    if pool is not None:
        await pool.close()


AFTER_COMMIT: list[Callable[[], None]] = []  # wake-ups; must not block and not raise


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """One unit of work. Commits when the block ends, rolls back on any error, then wakes the relay.

    Raises RuntimeError when one is already open in this task.
    """
    if ENGINE.transaction_exists():
        raise RuntimeError("a transaction is already open; nested ones would not be savepoints")
    async with ENGINE.transaction():
        yield
    committed()


def committed() -> None:
    """Tells the process that new rows may wait for the relay; call it after a single-statement write."""
    for wake in AFTER_COMMIT:
        wake()


def in_transaction() -> bool:
    """Whether this task has a transaction open."""
    return bool(ENGINE.transaction_exists())


def _pool() -> Pool:
    if ENGINE.pool is None:
        raise RuntimeError("the pool is not open: call database.open_pool first")
    pool: Pool = ENGINE.pool
    return pool


@asynccontextmanager
async def connection() -> AsyncIterator[Any]:
    """The current transaction's asyncpg connection, or a pooled one."""
    current = ENGINE.current_transaction.get()
    if current:
        yield current.connection
        return
    async with _pool().acquire() as pooled:
        yield pooled


async def _ask(method: str, statement: str, values: tuple[Any, ...]) -> Any:
    """One statement by asyncpg's `method`; the same as `connection()`, without a context manager's cost."""
    current = ENGINE.current_transaction.get()
    if current:
        return await getattr(current.connection, method)(statement, *values)
    pool = _pool()
    lent = await pool.lend(timeout_s=ACQUIRE_TIMEOUT_S)
    try:
        return await getattr(lent, method)(statement, *values)
    finally:
        pool.give_back(lent)


async def fetch(statement: str, *values: Any) -> list[asyncpg.Record]:
    """All rows of one statement; JSONB columns arrive as text."""
    return list(await _ask("fetch", statement, values))


async def fetch_row(statement: str, *values: Any) -> asyncpg.Record | None:
    """The first row, or None."""
    return await _ask("fetchrow", statement, values)


async def fetch_value(statement: str, *values: Any) -> Any:
    """The first column of the first row, or None."""
    return await _ask("fetchval", statement, values)


async def execute(statement: str, *values: Any) -> str:
    """The command tag, such as `UPDATE 3`."""
    return str(await _ask("execute", statement, values))


async def execute_many(statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """One statement for many rows in one round trip; prefer `unnest` where a function fits."""
    async with connection() as c:
        await c.executemany(statement, rows)
