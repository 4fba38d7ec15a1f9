"""The least ASGI a stand-in needs: read a request, answer JSON, an image, or nothing at all."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(slots=True)
class Request:
    """One request, read to its end."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """The body as an object; an empty one when it is not."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except msgspec.MsgspecError:
            return {}


@dataclass(slots=True)
class Reply:
    """What goes back. `content` bytes are sent as they are, anything else as JSON."""

    content: Any
    status: int = 200
    media_type: str = "application/json; charset=utf-8"


Answer = Callable[[Request], Awaitable[Reply]]


def asgi(answer: Answer) -> App:
    """An ASGI application around `answer`; lifespan events are accepted and mean nothing."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        reply = await answer(Request(scope["method"], scope["path"], query, bytes(body), headers))
        content = reply.content if isinstance(reply.content, bytes) else msgspec.json.encode(reply.content)
        answered = [(b"content-type", reply.media_type.encode()), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": reply.status, "headers": answered})
        await send({"type": "http.response.body", "body": content})

    return app


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
