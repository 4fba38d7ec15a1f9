"""After a commit: ask the workers to relay now, at most once per `PAUSE_S` and never inside a request.

When the broker is down nothing is lost and nothing slows down: beat relays each second from the rows.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kombu.exceptions import OperationalError

from domain.kernel import database

PAUSE_S = 0.1
DOWN_PAUSE_S = 2.0  # after a failed publish: leave the broker alone for a while


@asynccontextmanager
async def waker() -> AsyncIterator[None]:
    """Runs the debounced publisher while the API serves."""
    from api.worker import app as celery  # noqa: PLC0415 - costs 0.3 s, not needed by commands and most tests

    due = asyncio.Event()
    database.AFTER_COMMIT.append(due.set)

    async def publish() -> None:
        while True:
            await due.wait()
            due.clear()
            try:
                await asyncio.to_thread(celery.send_task, "relay", expires=5)
            except (OperationalError, OSError):
                await asyncio.sleep(DOWN_PAUSE_S)
            await asyncio.sleep(PAUSE_S)

    task = asyncio.create_task(publish())
    try:
        yield
    finally:
        database.AFTER_COMMIT.remove(due.set)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
