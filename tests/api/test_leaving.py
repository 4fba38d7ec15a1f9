"""SIGTERM to a serving process: the request under way is answered, open event streams end, nothing new is taken."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from redis.asyncio import Redis

from api.bench.scenarios.submit import DRAFT
from api.embedded.environment import as_environment
from domain.kernel import database as kernel_database
from domain.kernel.settings import Settings
from tests.builders.residents import a_resident

ROOT = Path(__file__).parents[2]


class Served(NamedTuple):
    """A process of `green-whistle serve`."""

    process: asyncio.subprocess.Process
    port: int

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@pytest.fixture
async def served(settings: Settings, database: None, redis: Redis, tmp_path: Path) -> AsyncIterator[Served]:
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "api.cli", "serve", "--port", str(port)),
            cwd=ROOT,
            env=os.environ | as_environment(settings),
            stderr=log,
        )
    made = Served(process, port)
    try:
        await listens(made)
        yield made
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def listens(served: Served) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await served.connect()
            except OSError:
                assert served.process.returncode is None
                await asyncio.sleep(0.05)  # another process's start cannot be awaited
            else:
                writer.close()
                return


def head(method: str, path: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: t", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def test_a_request_under_way_is_answered_and_streams_end_at_once(served: Served) -> None:
    resident, body = await a_resident(), json.dumps(DRAFT).encode()
    submitting, writing = await served.connect()
    headers = resident.headers | {"Idempotency-Key": "leaving-0001", "Content-Type": "application/json"}
    writing.write(head("POST", "/v1/reports", headers | {"Content-Length": str(len(body))}) + body[:20])
    watching, asking = await served.connect()
    asking.write(head("GET", "/v1/inbox/stream", resident.headers))
    assert b"200 OK" in await watching.readuntil(b"retry:")

    served.process.send_signal(signal.SIGTERM)

    async with asyncio.timeout(5):  # without being told, the stream would hold the process for 20 s
        await watching.read()
    with pytest.raises(OSError, match="Connect call failed"):
        await served.connect()
    assert served.process.returncode is None  # it waits for the request
    writing.write(body[20:])
    async with asyncio.timeout(10):
        answer = await submitting.read()
        assert b" 201 Created" in answer.splitlines()[0]
        await served.process.wait()
    assert await kernel_database.fetch_value("select count(*) from report") == 1
    assert served.process.returncode in {0, -signal.SIGTERM}
