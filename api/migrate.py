"""Brings a database to the tables of this version: Piccolo's migrations, then each room's `schema.sql`.

One migrator at a time (advisory lock), safe to repeat, about a second on an empty database.
"""

import asyncio
import contextlib
import importlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
from piccolo.apps.migrations.tables import Migration
from piccolo.conf.apps import AppConfig

from domain.kernel.database import ENGINE
from domain.kernel.pool import Connection, Pool
from domain.kernel.settings import Settings

LOCK = "select pg_advisory_lock(hashtextextended('green-whistle-migrate', 0))"
CONNECT_TIMEOUT_S = 10.0


class MigrationFailed(Exception):
    """A migration did not apply; nothing after it was tried."""


def apps() -> list[tuple[AppConfig, str]]:
    """Every Piccolo app of the house with the text of its `schema.sql`, in registry order."""
    listed = importlib.import_module("piccolo_conf").APP_REGISTRY
    found = []
    for path in listed.apps:
        module = importlib.import_module(path)
        schema = Path(str(module.__file__)).with_name("schema.sql")
        found.append((module.APP_CONFIG, schema.read_text(encoding="utf-8") if schema.exists() else ""))
    return found


@asynccontextmanager
async def _pool(url: str) -> AsyncIterator[None]:
    """A pool without statement time-out for Piccolo; an open one of this process is put back afterwards."""
    before = ENGINE.config, ENGINE.pool

    async def connect() -> Any:
        return await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S, connection_class=Connection)

    pool = Pool(connect, size_max=2, wait_s=CONNECT_TIMEOUT_S)
    ENGINE.config, ENGINE.pool = {"dsn": url}, pool
    try:
        yield
    finally:
        ENGINE.config, ENGINE.pool = before
        await pool.close()


async def migrate(settings: Settings) -> list[str]:
    """Applies what is missing; returns the ids of the migrations that were applied now."""
    lock = await asyncpg.connect(settings.database_url, timeout=CONNECT_TIMEOUT_S)
    try:
        await lock.execute(LOCK)
        async with _pool(settings.database_url):
            applied = await _forwards()
        async with lock.transaction():
            for config, schema in apps():
                await _apply(schema, connection=lock, app=config.app_name)
    finally:
        await lock.close()
    return applied


async def _apply(schema: str, *, connection: asyncpg.Connection, app: str) -> None:
    try:
        await connection.execute(schema)
    except asyncpg.PostgresError as error:
        raise MigrationFailed(f"schema.sql of {app}: {error}") from error


async def _forwards() -> list[str]:
    if not await Migration.table_exists():
        await Migration.create_table(if_not_exists=True)
    before = set(await Migration.get_migrations_which_ran())
    for config, _ in apps():
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            result = await ForwardsMigrationManager(app_name=config.app_name, migration_id="all").run_migrations(config)
        if not result.success:
            raise MigrationFailed(f"{config.app_name}: {result.message or said.getvalue()}")
    return [ran for ran in await Migration.get_migrations_which_ran() if ran not in before]


async def pending(settings: Settings) -> list[str]:
    """Ids of migrations that this version has and the database lacks."""
    async with _pool(settings.database_url):
        ran = set(await Migration.get_migrations_which_ran()) if await Migration.table_exists() else set()
        manager = ForwardsMigrationManager(app_name="all", migration_id="all")
        modules = [manager.get_migration_modules(config.resolved_migrations_folder_path) for config, _ in apps()]
        known = [name for app in modules for name in manager.get_migration_ids(app)]
    return [name for name in known if name not in ran]


def migrate_now(settings: Settings) -> list[str]:
    """`migrate` for callers without an event loop."""
    return asyncio.run(migrate(settings))
