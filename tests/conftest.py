"""Real servers for the tests: one PostgreSQL, Valkey and S3 per test process, one fresh database per test.

`database` gives a migrated and otherwise empty database with the pool open (see `tests.databases`); `api` is a client on
the real app in the same event loop; `store` starts S3 only for the tests that need it.
"""

from collections.abc import AsyncIterator, Iterator
from functools import cache

import httpx
import msgspec
import pytest
from litestar import Litestar
from redis.asyncio import Redis

from api.embedded.stack import Stack
from api.migrate import migrate
from domain.kernel import database as kernel_database
from domain.kernel import settings as process_settings
from domain.kernel.settings import Settings
from tests.builders.wechat import Sandbox, sandbox_wechat
from tests.databases import KEEP, TEMPLATE, Databases


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """PostgreSQL and Valkey of this test process."""
    with Stack(tmp_path_factory.mktemp("stack"), services=("postgres", "valkey")) as running:
        yield running


@pytest.fixture(scope="session")
def s3_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """S3 of this test process, started by the first test that stores an object."""
    with Stack(tmp_path_factory.mktemp("s3"), services=("s3",)) as running:
        yield running


@pytest.fixture(scope="session")
async def databases(stack: Stack) -> Databases:
    """The databases of this test process, with the migrated one they are cloned from."""
    made = Databases(stack.database_url)
    for setting in ("fsync", "full_page_writes"):  # nothing here outlives the run
        await made.run(f"alter system set {setting} = off")
    await made.run("select pg_reload_conf()")
    await made.run(f"create database {TEMPLATE}")
    await migrate(Settings(database_url=made.address(TEMPLATE)))
    await made.run(KEEP, database=TEMPLATE)
    return made


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """The address of a migrated database in which nothing was written."""
    yield await databases.give()
    await databases.take_back()


@pytest.fixture
def settings(database_url: str, stack: Stack) -> Iterator[Settings]:
    """The settings of one test; everything it does not set has its development default."""
    chosen = Settings(database_url=database_url, redis_url=stack.redis_url, database_pool_max=8)
    process_settings.use(chosen)
    yield chosen
    process_settings.use(Settings())


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[None]:
    """The pool of the kernel, open on a fresh database."""
    await kernel_database.open_pool(settings.database_url, size_max=settings.database_pool_max)
    yield
    await kernel_database.close_pool()


@pytest.fixture
async def redis(stack: Stack) -> AsyncIterator[Redis]:
    """An empty Valkey."""
    client = Redis.from_url(stack.redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def settings_with_s3(settings: Settings, s3_stack: Stack) -> Settings:
    """The test's settings with a real object store."""
    s3 = s3_stack.s3
    chosen = msgspec.structs.replace(settings, s3_url=s3.url, s3_access_key=s3.access_key, s3_secret_key=s3.secret_key)
    process_settings.use(chosen)
    return chosen


@cache
def routes() -> Litestar:
    """The app of this test process: its routes take 0.6 s to build and are the same for every test."""
    from api.app import create_app

    return create_app(Settings())


def app_of(settings: Settings) -> Litestar:
    """The process's app, serving these settings from its next lifespan on."""
    app = routes()
    app.state.settings = app.asgi_handler.settings = settings
    return app


@pytest.fixture
async def api(settings: Settings, redis: Redis) -> AsyncIterator[httpx.AsyncClient]:
    """A client on the real app; the app's lifespan runs in this test's event loop."""
    app = app_of(settings)
    async with app.lifespan(), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.fixture
def wechat_sandbox() -> Iterator[Sandbox]:
    """A fresh sandbox WeChat on loopback."""
    with sandbox_wechat() as running:
        yield running
