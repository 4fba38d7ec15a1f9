"""The least HTTP a stand-in needs: read a request, answer JSON or bytes, or misbehave on the wire."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
HANG_S = 60.0
PROMISED_BYTES = 500  # of an answer that breaks off


@dataclass(slots=True)
class Request:
    """One request, read to its end; header names are lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object; an empty one when it is not."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except msgspec.MsgspecError:
            return {}


@dataclass(slots=True)
class Reply:
    """What goes back: bytes as they are, anything else as JSON.

    `hang`: nothing for a minute; `reset`: the connection breaks in the middle of the answer.
    """

    content: Any = None
    status: int = 200
    media_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    reset: bool = False


Answer = Callable[[Request], Awaitable[Reply]]
Stop = Callable[[], Awaitable[None]]


class ConnectionBroken(Exception):
    """Makes the server drop the connection of a half-sent answer."""


async def nothing_to_stop() -> None:
    """For a stand-in that holds nothing open."""


def asgi(answer: Answer, *, stop: Stop = nothing_to_stop) -> App:
    """An ASGI application around `answer`; `stop` runs at the end of its life."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send, stop)
        elif scope["type"] == "http":
            await _send(await answer(await _read(scope, receive)), send)

    return app


async def _read(scope: Scope, receive: Receive) -> Request:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
    return Request(scope["method"], scope["path"], query, headers, bytes(body))


async def _send(reply: Reply, send: Send) -> None:
    if reply.hang:
        await asyncio.sleep(HANG_S)
    content = reply.content if isinstance(reply.content, bytes) else msgspec.json.encode(reply.content)
    length = PROMISED_BYTES if reply.reset else len(content)
    headers = [(b"content-type", reply.media_type.encode()), (b"content-length", str(length).encode())]
    headers += [(name.encode(), value.encode()) for name, value in reply.headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.reset:
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionBroken
    await send({"type": "http.response.body", "body": content})


async def _live(receive: Receive, send: Send, stop: Stop) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            await stop()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
