"""The app behind a real server for generated requests, and the check every answer must pass."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import schemathesis
import uvicorn
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from api.app import create_app
from api.migrate import migrate
from api.openapi import document
from api.parts import open_parts
from api.tokens import issue_access
from domain.kernel import clock, database
from domain.kernel.settings import Settings
from domain.operators import sessions
from tests.builders.operators import CLERK, seed_officers
from tests.builders.residents import a_resident
from tests.databases import Databases

STREAMING = r"/stream|/events$|rapidoc"


def described():
    """The served description, ready for schemathesis."""
    return schemathesis.openapi.from_dict(document(create_app(Settings())))


async def _tokens(chosen: Settings) -> dict[str, str]:
    async with open_parts(chosen):
        await seed_officers(chosen)
        resident = await a_resident()
        now = clock.utc_now()
        operator = await database.fetch_value("select id from operator where login = $1", CLERK.login)
        async with database.transaction():
            session = await sessions.begin(operator, now=now)
        token = issue_access(chosen, kind="operator", subject=operator, session=session, now=now)
    return {"resident": resident.headers["Authorization"], "operator": f"Bearer {token}"}


@pytest.fixture(scope="module")
def served(stack: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The app behind uvicorn with a database of its own, and one token of each kind."""
    databases = Databases(stack.database_url)
    asyncio.run(databases.run("create database schemathesis"))
    chosen = Settings(database_url=databases.address("schemathesis"), redis_url=stack.redis_url, rate_limits="off")
    asyncio.run(migrate(chosen))
    tokens = asyncio.run(_tokens(chosen))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(chosen), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}", tokens
    server.should_exit = True
    thread.join(timeout=20)
    asyncio.run(databases.run("drop database schemathesis with (force)"))


def check(case: schemathesis.Case, served: tuple[str, dict[str, str]]) -> None:
    base_url, tokens = served
    audience = case.operation.definition.raw["x-audience"]
    headers = {"Authorization": tokens[audience]} if audience in tokens else {}
    response = case.call(base_url=base_url, headers=headers)
    assert response.status_code != 500  # 503 is honest: neither WeChat nor the object store is there
    case.validate_response(response, checks=[status_code_conformance, content_type_conformance])
