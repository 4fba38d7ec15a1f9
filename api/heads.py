"""HEAD for everything that answers GET (RFC 9110 §9.3.2): the same way through the app, without the body."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
DISCONNECT: Message = {"type": "http.disconnect"}
END: Message = {"type": "http.response.body", "body": b"", "more_body": False}


def as_get(scope: Scope) -> Scope:
    """The request as a GET of the whole: a range is defined for GET only."""
    return {**scope, "method": "GET", "headers": [pair for pair in scope["headers"] if pair[0] != b"range"]}


class HeadersOnly:
    """Passes an answer's headers on and keeps its body; then the app hears that the reader left, so streams end."""

    def __init__(self, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        """The connection's own two ends."""
        self._receive, self._send, self._over = receive, send, asyncio.Event()

    async def send(self, message: Message) -> None:
        """Everything before the body; instead of its first part the end."""
        if self._over.is_set():
            return
        if message["type"] == "http.response.body":
            self._over.set()
        await self._send(END if self._over.is_set() else message)

    async def receive(self) -> Message:
        """What the reader sends, until the headers are out."""
        waiting = [asyncio.create_task(end) for end in (self._incoming(), self._left())]
        done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        return done.pop().result()

    async def _incoming(self) -> Message:
        return await self._receive()

    async def _left(self) -> Message:
        await self._over.wait()
        return DISCONNECT
