"""Another city's whole product as a process of its own: its API, and its events handled as they come."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from api.app import create_app
from api.wiring import SUBSCRIBERS
from domain.kernel import clock, handling, outbox
from domain.kernel.settings import load

START_S = 60.0
ROOT = Path(__file__).parents[2]


async def serve(port: int) -> None:
    app = create_app(load())
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    running = asyncio.create_task(server.serve())
    while not running.done():
        if server.started:
            now = clock.utc_now()
            await handling.handle(await outbox.claim(now=now), subscribers=SUBSCRIBERS, now=now)
        await asyncio.sleep(0.05)


@contextmanager
def peer_city(*, database_url: str, redis_url: str) -> Iterator[str]:
    """The address of the running peer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    given = {"GW_DATABASE_URL": database_url, "GW_REDIS_URL": redis_url, "GW_PUBLIC_URL": url, "GW_RATE_LIMITS": "off"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GW_")}
    process = subprocess.Popen([sys.executable, "-m", __name__, str(port)], env=kept | given, cwd=ROOT)
    try:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{url}/health/live", trust_env=False).is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=START_S)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
