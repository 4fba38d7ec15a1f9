"""`green-whistle worker`: Celery, prefork, one event loop and one pool per child (see `api.worker`)."""

import argparse
import os
import signal

from celery.signals import worker_process_init

from api.embedded import addresses
from api.embedded.children import die_with_parent
from domain.kernel import settings

TASKS_PER_CHILD_MAX = 20_000  # a child is replaced after that, so a slow leak stays small


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many children."""
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 2, help="children working at once")


def follow_parent(**_: object) -> None:
    """A child whose parent was killed would wait for work for ever."""
    die_with_parent(signal.SIGKILL)


def run(options: argparse.Namespace) -> int:
    """Works until SIGTERM; running tasks finish first."""
    worker_process_init.connect(follow_parent)
    settings.use(addresses.need(settings.load(), "postgres", "valkey"))
    from api.worker import app  # noqa: PLC0415 - it reads the broker's address when imported

    worker = app.Worker(
        pool="prefork",
        concurrency=options.processes,
        max_tasks_per_child=TASKS_PER_CHILD_MAX,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel=settings.current().log_level.upper(),
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)
