"""Long work of a worker, driven from a row: one runs it, everybody sees how far it is, a dead one is taken over.

The row has `state`, `done` and `beat_at`. `take` moves it from waiting to running, or takes it over when its beat has
stopped; `beating` writes the progress each second outside the work's own transaction.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.kernel import clock, database

BEAT_S = 1.0
STOPPED_AFTER = timedelta(seconds=20)  # no beat for so long: whoever ran it is dead


class Progress:
    """How many rows are done; set by the work, written by the beat."""

    def __init__(self) -> None:
        """Nothing is done yet."""
        self.done = 0

    def set(self, done: int) -> None:
        """So many are done."""
        self.done = done


async def take(table: str, row_id: UUID, *, waiting: str, running: str) -> Any:
    """The row, now ours to run; None when it is in another state or somebody runs it."""
    now = clock.utc_now()
    return await database.fetch_row(
        f"update {table} set state = $3, beat_at = $4, done = 0"
        " where id = $1 and (state = $2 or (state = $3 and beat_at < $5)) returning *",
        row_id,
        waiting,
        running,
        now,
        now - STOPPED_AFTER,
    )


@asynccontextmanager
async def beating(table: str, row_id: UUID) -> AsyncIterator[Progress]:
    """Beats while the block runs. Open it before the work's transaction, never inside."""
    progress = Progress()
    beat = asyncio.create_task(_beat(table, row_id, progress))
    try:
        yield progress
    finally:
        beat.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beat


async def _beat(table: str, row_id: UUID, progress: Progress) -> None:
    while True:
        await asyncio.sleep(BEAT_S)
        await database.execute(
            f"update {table} set done = $2, beat_at = $3 where id = $1", row_id, progress.done, clock.utc_now()
        )
