"""The inbox as it happens: server-sent events that survive reconnects and several API processes."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter
from litestar.response import Stream as Streamed

from api.actors import Actor
from notifications.stream import Hub, Told

LIFETIME_S = 840  # shorter than an access token: whoever lost the right to read is gone soon
BEAT_S = 20.0  # a comment this often keeps proxies from closing
BACK_MS = 2_000  # a phone comes back after this, a little spread
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def _event(told: Told) -> bytes:
    return b"event: message\nid: %d\ndata: %s\n\n" % (told.mark, msgspec.json.encode(told.line))


async def _events(hub: Hub, account_id: UUID, *, mark: int | None) -> AsyncIterator[bytes]:
    """Until the lifetime is over or the phone is too slow; then it comes back with its last id."""
    async with hub.follow(account_id, mark=mark) as stream:
        yield b"retry: %d\nid: %d\n\n" % (BACK_MS + random.randrange(BACK_MS), hub.low)
        loop = asyncio.get_running_loop()
        ends = loop.time() + LIFETIME_S * random.uniform(0.8, 1.0)
        while (left := ends - loop.time()) > 0:
            try:
                told = await asyncio.wait_for(stream.queue.get(), min(BEAT_S, left))
            except TimeoutError:
                yield b": \n\n"
                continue
            if told is None:
                return
            yield _event(told)


@get(
    "/v1/inbox/stream",
    opt={"audience": "resident"},
    tags=["notifications"],
    summary="New messages as server-sent events",
    media_type="text/event-stream",
)
async def stream_inbox(
    request: Request[Any, Any, Any],
    resident: NamedDependency[Actor],
    last_event_id: Annotated[
        int | None, HeaderParameter(name="Last-Event-ID", ge=0, le=2**63 - 1, description="The last id received")
    ] = None,
) -> Streamed:
    """Each `message` event carries one inbox message; ids of messages may repeat after a reconnect, so drop known ones.

    Send `Last-Event-ID` to receive what came meanwhile. The stream ends after about 14 minutes: connect again with a
    fresh token. Phones that cannot stream poll `/v1/inbox/unread`.
    """
    hub: Hub = request.app.state.inbox_hub
    hub.refuse_when_full(resident.id)
    return Streamed(_events(hub, resident.id, mark=last_event_id), headers=HEADERS, media_type="text/event-stream")


ROUTES = [stream_inbox]
