"""New inbox messages for the phones that are looking: one hub per API process feeds all its open streams.

A worker that told somebody something publishes a wake-up through Redis; every hub then reads, with one statement, what
is new for its own open streams. Without Redis the hub reads every few seconds: slower, never wrong.

Ids are drawn before transactions commit, so "newer than the last id" could skip a late one. The hub's `low` mark only
rises to ids whose transactions have all ended; it is also the event id a phone brings back as Last-Event-ID. What lies
above it may be sent again after a reconnect, and phones drop ids they know.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.kernel import clock, database
from domain.kernel.errors import TryLater
from notifications import inbox, preferences, recipients
from notifications.inbox import Line
from notifications.preferences import FIRST_LOOK, Preferences

log = logging.getLogger(__name__)
CHANNEL = "inbox:wake"
POLL_S = 3.0  # without a wake-up
GATHER_S = 0.03  # wake-ups this close are one look
QUEUE_MAX = 64  # events waiting for a slow phone; then its stream ends and it comes back
STREAMS_PER_PERSON_MAX = 4
STREAMS_MAX = 5_000  # of one process
RESUME_MAX = 60  # fits the queue
ROWS_MAX = 5_000
SETTLE_S = 2.0  # how long the start waits for running transactions
SETTLED_AGE_S = 1.0  # an id is drawn a moment before its transaction has a number
MARKS_MAX = 200

HORIZON = """
select (select case when is_called then last_value else 0 end from inbox_message_id_seq) as drawn,
  pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin,
  pg_snapshot_xmax(pg_current_snapshot())::text::bigint as xmax,
  (select coalesce(max(id), 0) from announcement where audience not in ('person', 'many')) as broadcast
"""
FRESH = f"{inbox.SELECT} where m.owner = any($1) and m.id > $2 order by m.id limit {ROWS_MAX}".replace(
    "select m.id", "select m.owner, m.id"
)
RESUME = f"{inbox.SELECT} where m.owner = $1 and m.id > $2 order by m.id desc limit {RESUME_MAX}"
PULL_ALL = """
insert into inbox_message (owner, announcement)
select n.owner, a.id from notice_owner n join announcement a
  on a.audience not in ('person', 'many') and a.xid >= n.pulled::text::xid8 and a.at > $2
  and (a.audience = 'district' or exists (
    select 1 from notice_follow f where f.owner = n.owner and f.audience = any(a.reach) and f.since <= a.at))
where n.owner = any($1) order by n.owner, a.id on conflict (owner, announcement) do nothing
"""


async def wake(redis: Redis) -> None:
    """Tells every hub that inboxes changed; a courtesy that may fail."""
    try:
        await redis.publish(CHANNEL, b"1")
    except RedisError:
        log.info("inbox_wake_failed")


async def _horizon() -> Any:
    return await database.fetch_row(HORIZON)


class Told(msgspec.Struct, frozen=True):
    """One event of a stream: the mark to come back with, and the message."""

    mark: int
    line: Line


class Stream:
    """One open stream of one person."""

    __slots__ = ("chosen", "known", "owner", "queue")

    def __init__(self, owner: UUID, chosen: Preferences) -> None:
        """`chosen` decides language and print size for the stream's life."""
        self.owner, self.chosen = owner, chosen
        self.known: set[int] = set()  # messages the phone has, or was given when it came
        self.queue: asyncio.Queue[Told | None] = asyncio.Queue(QUEUE_MAX)

    def offer(self, told: Told) -> None:
        """Queues an event; a phone too slow to take it is let go (None) and resumes later."""
        if told.line.id in self.known:
            return
        try:
            self.queue.put_nowait(told)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        """The phone shall come back; the last event makes room where there is none."""
        if self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


CANCEL_AGAIN_S = 0.2


class Hub:
    """All open streams of this process."""

    def __init__(self) -> None:
        """Knows nobody yet."""
        self.streams: dict[UUID, list[Stream]] = {}
        self.open = 0
        self.low = 0
        self._closing = False
        self._marks: list[tuple[float, int, int]] = []  # (when, ids drawn, next transaction)
        self._sent: set[int] = set()
        self._broadcast = 0

    async def begin(self) -> None:
        """Waits until whatever was being written has ended, and starts from there; call once."""
        start = await _horizon()
        self.low, self._broadcast = start["drawn"], start["broadcast"]
        for _ in range(round(SETTLE_S / GATHER_S)):
            if (await _horizon())["xmin"] >= start["xmax"]:
                return
            await asyncio.sleep(GATHER_S)

    def close(self) -> None:
        """Ends all streams and opens none: this process is about to end, and phones come back to another one."""
        self._closing = True
        for streams in self.streams.values():
            for stream in streams:
                stream.end()

    def refuse_when_full(self, account_id: UUID) -> None:
        """Raises `TryLater` when this person or this process has all the streams there may be."""
        mine = self.streams.get(recipients.tag_of(account_id), ())
        if self._closing or len(mine) >= STREAMS_PER_PERSON_MAX or self.open >= STREAMS_MAX:
            raise TryLater(retry_after_s=30)

    @asynccontextmanager
    async def follow(self, account_id: UUID, *, mark: int | None = None) -> AsyncIterator[Stream]:
        """Registers a stream while the block runs, with what it missed since `mark`; raises `TryLater` when full."""
        now = clock.utc_now()
        self.refuse_when_full(account_id)
        owner = await inbox.ensure_owner(account_id, now=now)
        stream = Stream(owner, await preferences.of_one(owner))
        mine = self.streams.setdefault(owner, [])
        mine.append(stream)
        self.open += 1
        try:
            await self._catch_up(stream, mark)
            yield stream
        finally:
            self.open -= 1
            mine.remove(stream)
            if not mine:
                self.streams.pop(owner, None)

    async def _catch_up(self, stream: Stream, mark: int | None) -> None:
        rows = await database.fetch(RESUME, stream.owner, self.low if mark is None else mark)
        if mark is not None:
            for row in reversed(rows):
                stream.offer(Told(self.low, inbox.line_of(row, stream.chosen)))
        stream.known |= {row["id"] for row in rows}

    async def look(self) -> int:
        """Feeds the streams what is new; returns how many messages that were."""
        await self._rise()
        owners = list(self.streams)
        if not owners:
            return 0
        rows = [row for row in await database.fetch(FRESH, owners, self.low) if row["id"] not in self._sent]
        for row in rows:
            self._sent.add(row["id"])
            for stream in self.streams.get(row["owner"], ()):
                stream.offer(Told(self.low, inbox.line_of(row, stream.chosen)))
        return len(rows)

    async def _rise(self) -> None:
        """Raises `low` as far as every id below it has been decided, and takes in new broadcasts."""
        row, now = await _horizon(), time.monotonic()
        settled = [drawn for when, drawn, xmax in self._marks if xmax <= row["xmin"] and when <= now - SETTLED_AGE_S]
        if settled:
            self.low = max(self.low, *settled)
            self._sent = {message for message in self._sent if message > self.low}
        self._marks = [mark for mark in self._marks if mark[1] > self.low][-MARKS_MAX:]
        self._marks.append((now, row["drawn"], row["xmax"]))
        if row["broadcast"] > self._broadcast:
            self._broadcast = row["broadcast"]
            await database.execute(PULL_ALL, list(self.streams), clock.utc_now() - FIRST_LOOK)

    async def run(self, redis: Redis) -> None:
        """Looks at each wake-up and every `POLL_S`, until cancelled; outlives Redis and the database."""
        while True:
            try:
                async with redis.pubsub() as subscription:
                    await subscription.subscribe(CHANNEL)
                    while True:
                        await self._wait(subscription)
                        await self.look()
            except (RedisError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("inbox_hub_disturbed", extra={"error": type(error).__name__})
                await asyncio.sleep(POLL_S)
                with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await self.look()

    async def _wait(self, subscription: Any) -> None:
        """Returns after a wake-up, gathering those that follow closely, or after `POLL_S`."""
        if await subscription.get_message(ignore_subscribe_messages=True, timeout=POLL_S) is None:
            return
        await asyncio.sleep(GATHER_S)
        while await subscription.get_message(ignore_subscribe_messages=True, timeout=0) is not None:
            continue


@asynccontextmanager
async def streaming(redis: Redis) -> AsyncIterator[Hub]:
    """A running hub, for the API's lifespan."""
    hub = Hub()
    await hub.begin()
    task = asyncio.create_task(hub.run(redis))
    try:
        yield hub
    finally:
        # redis-py's own time-out can swallow a cancellation that arrives with it: ask until the task has ended.
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)
