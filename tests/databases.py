"""One database per test process, put back to its migrated state after each test.

Deleting the rows a test wrote costs milliseconds, a new clone a third of a second. A test that changed the schema, or a
database that has served `TESTS_PER_CLONE` tests, gets a new clone.
"""

import itertools
import re
from typing import Any

import asyncpg

TEMPLATE = "template_green_whistle"
TESTS_PER_CLONE = 100  # dead rows make old databases slower
GROWN_BYTES_MAX = 40 * 2**20  # above it, a clone costs less than deleting

OTHERS = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
SHAPE = """
select array[(select count(*) from pg_class), (select count(*) from pg_attribute), (select count(*) from pg_proc),
             (select count(*) from pg_constraint), (select count(*) from pg_trigger), (select count(*) from pg_index)]
"""
SIZE = "select pg_database_size(current_database())"
KEEP = """
create schema kept;
do $$ declare t record; begin
  for t in select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' loop
    execute format('create table kept.%I as table public.%I', t.relname, t.relname);
    if not exists (select from pg_class where oid = format('kept.%I', t.relname)::regclass
                   and pg_relation_size(oid) > 0) then
      execute format('drop table kept.%I', t.relname);
    end if;
  end loop;
end $$
"""
CLEAN = """
set session_replication_role = replica;
do $$ declare t record; begin
  for t in select c.relname,
      (select string_agg(quote_ident(attname), ', ') from pg_attribute a
       where a.attrelid = k.oid and attnum > 0) as columns
    from pg_class c left join pg_class k on k.relname = c.relname and k.relnamespace = 'kept'::regnamespace
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and pg_relation_size(c.oid) > 0
  loop
    execute format('delete from public.%I', t.relname);
    if t.columns is not null then
      execute format('insert into public.%1$I (%2$s) overriding system value select %2$s from kept.%1$I',
                     t.relname, t.columns);
    end if;
  end loop;
  for t in select sequencename, start_value from pg_sequences where schemaname = 'public' and last_value is not null
  loop
    perform setval(format('public.%I', t.sequencename), t.start_value, false);
  end loop;
end $$;
"""


class Databases:
    """Gives each test the address of a migrated, otherwise empty database."""

    def __init__(self, server_url: str) -> None:
        self.server_url = server_url
        self._numbers = itertools.count(1)
        self._name: str | None = None
        self._shape: list[int] = []
        self._bytes = 0
        self._served = 0

    def address(self, name: str) -> str:
        return re.sub(r"/[^/?]*(\?|$)", rf"/{name}\1", self.server_url)

    async def give(self) -> str:
        """The database of the test that starts now."""
        if self._name is None:
            self._name, self._served = f"test_{next(self._numbers)}", 0
            await self.run(f"create database {self._name} template {TEMPLATE} strategy wal_log")
            self._shape = await self.run(SHAPE, database=self._name)
            self._bytes = await self.run(SIZE, database=self._name)
        self._served += 1
        return self.address(self._name)

    async def take_back(self) -> None:
        """Removes what the test wrote, or the database if its shape changed or it is worn."""
        assert self._name is not None
        if self._served < TESTS_PER_CLONE and await self._cleaned(self._name):
            return
        await self.run(f"drop database {self._name} with (force)")
        self._name = None

    async def _cleaned(self, name: str) -> bool:
        """Whether the database has its old shape and is clean again."""
        connection = await asyncpg.connect(self.address(name))
        try:
            await connection.execute(OTHERS)
            if await connection.fetchval(SHAPE) != self._shape:
                return False
            if await connection.fetchval(SIZE) - self._bytes > GROWN_BYTES_MAX:
                return False
            await connection.execute(CLEAN)
            return True
        finally:
            await connection.close()

    async def run(self, statements: str, *, database: str | None = None) -> Any:
        """The first value of the first row, if any; without `database` on the server's own."""
        connection = await asyncpg.connect(self.address(database) if database else self.server_url)
        try:
            if statements.lstrip().startswith("select"):
                return await connection.fetchval(statements)
            return await connection.execute(statements)
        finally:
            await connection.close()
