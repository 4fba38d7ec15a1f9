"""`green-whistle serve`: the API under uvicorn."""

import argparse
import os

import uvicorn

from api.embedded import addresses
from api.embedded.environment import as_environment
from domain.kernel import settings

DRAIN_S = 20  # running requests may finish after SIGTERM
KEEP_ALIVE_S = 65  # longer than common load balancers', so that they close first


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to listen."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--processes", type=int, default=1, help="API processes behind the one port")


def run(options: argparse.Namespace) -> int:
    """Serves until SIGTERM or Ctrl-C."""
    chosen = addresses.need(settings.load(), "postgres", "valkey")
    settings.use(chosen)
    os.environ |= as_environment(chosen)  # further API processes are started fresh and read it
    uvicorn.run(
        "api.app:create_app",
        factory=True,
        host=options.host,
        port=options.port,
        workers=options.processes,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
    )
    return 0
