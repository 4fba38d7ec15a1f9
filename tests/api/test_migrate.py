"""Migrating: one at a time, repeatable, quick, and it says which file failed."""

import asyncio
import time

import asyncpg
import pytest

from api import migrate as migrating
from api.embedded.stack import Stack
from domain.kernel.settings import Settings


@pytest.fixture
async def empty_url(stack: Stack):
    db = await asyncpg.connect(stack.database_url)
    await db.execute("create database empty_one")
    yield stack.database_url.rsplit("/", 1)[0] + "/empty_one"
    await db.execute("drop database empty_one with (force)")
    await db.close()


async def test_a_new_database_is_migrated_once_and_then_in_no_time(empty_url: str):
    settings = Settings(database_url=empty_url)
    missing = await migrating.pending(settings)
    first = await migrating.migrate(settings)
    started = time.monotonic()
    second = await migrating.migrate(settings)

    assert missing
    assert sorted(first) == sorted(missing)
    assert second == []
    assert await migrating.pending(settings) == []
    assert time.monotonic() - started < 3


async def test_a_second_migrator_waits_for_the_first(empty_url: str):
    holder = await asyncpg.connect(empty_url)
    await holder.execute(migrating.LOCK)
    waiting = asyncio.create_task(migrating.migrate(Settings(database_url=empty_url)))
    while not await holder.fetchval("select count(*) from pg_locks where locktype = 'advisory' and not granted"):  # noqa: ASYNC110
        await asyncio.sleep(0)  # the database is what is asked
    assert not waiting.done()
    await holder.close()

    assert await waiting


async def test_a_broken_schema_file_is_named_and_nothing_of_it_stays(empty_url: str, monkeypatch: pytest.MonkeyPatch):
    config = migrating.apps()[0][0]
    monkeypatch.setattr(migrating, "apps", lambda: [(config, "create table half (a int); create tabel wrong")])
    with pytest.raises(migrating.MigrationFailed, match=f"schema.sql of {config.app_name}"):
        await migrating.migrate(Settings(database_url=empty_url))
    db = await asyncpg.connect(empty_url)
    half = await db.fetchval("select to_regclass('half')")
    await db.close()

    assert half is None
