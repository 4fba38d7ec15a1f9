"""Our own way from the gate to the answer gives the same answers as Litestar's."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar import Litestar, MediaType, Request, Response, delete, get, post
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from litestar.response import Stream

from api import problems
from api.serving import Serving
from api.strict import StrictRequest

OPEN: dict[str, Any] = {"audience": "public", "limit": "none"}
done: list[str] = []


class Thing(msgspec.Struct):
    """A body."""

    n: Annotated[int, msgspec.Meta(ge=0)]
    text: str = "河"


@post("/things/{thing:uuid}", opt=OPEN)
async def make(
    data: JSONBody[Thing],
    thing: FromPath[UUID],
    request: Request[Any, Any, State],
    first: NamedDependency[str],
    second: NamedDependency[str],
    key: Annotated[str, HeaderParameter(name="X-Key", min_length=2)],
    limit: Annotated[int, QueryParameter(ge=1, le=9)] = 3,
) -> dict[str, Any]:
    """Everything at once."""
    return {"n": data.n, "thing": thing, "of": [first, second, key, limit], "bytes": len(await request.body())}


@get("/sync", opt=OPEN, sync_to_thread=False)
def sync() -> Thing:
    """Not a coroutine."""
    return Thing(1)


@get("/answered", opt=OPEN)
async def answered() -> Response[Thing]:
    """A whole answer."""
    return Response(Thing(2), status_code=202, headers={"X-Own": "1"})


@get("/enum", opt=OPEN, media_type=MediaType.JSON)
async def enum() -> Response[Thing]:
    """The media type by the framework's name for it."""
    return Response(Thing(3))


@get("/text", opt=OPEN, media_type="text/plain")
async def text() -> Response[str]:
    """Text."""
    return Response("绿哨")


@get("/plain", opt=OPEN)
async def plain() -> str:
    """A bare text."""
    return "绿哨"


@delete("/gone", opt=OPEN)
async def gone() -> None:
    """Nothing."""


@get("/cookie", opt=OPEN)
async def cookie() -> Response[None]:
    """With a cookie and an afterthought."""
    afterwards = BackgroundTask(done.append, "afterwards")
    return Response(None, cookies=[Cookie(key="a", value="b")], background=afterwards)


@get("/pieces", opt=OPEN)
async def pieces() -> Stream:
    """In pieces."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    return Stream(parts(), media_type="text/plain")


HANDLERS: list[HTTPRouteHandler] = [make, sync, answered, enum, text, plain, gone, cookie, pieces]


def first() -> str:
    """A dependency."""
    return "1"


def second() -> str:
    """Another one."""
    return "2"


def app(*middleware: Callable[..., Any]) -> Litestar:
    return Litestar(
        HANDLERS,
        middleware=list(middleware),
        exception_handlers=problems.HANDLERS,
        request_class=StrictRequest,
        openapi_config=None,
        logging_config=None,
        dependencies={
            "first": Provide(first, sync_to_thread=False),
            "second": Provide(second, sync_to_thread=False),
        },
    )


def seen(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    return answer.status_code, answer.content, dict(sorted(answer.headers.items()))


THING = f"/things/{UUID(int=7)}"
REQUESTS: list[dict[str, Any]] = [
    {"method": "POST", "url": f"{THING}?limit=5", "json": {"n": 4}, "headers": {"X-Key": "ab"}},
    {"method": "POST", "url": THING, "json": {"n": -1}, "headers": {"X-Key": "ab"}},
    {"method": "POST", "url": THING, "json": {"n": 4}},
    {"method": "POST", "url": f"{THING}?limit=99", "json": {"n": 4}, "headers": {"X-Key": "ab"}},
    {"method": "POST", "url": THING, "content": b"{", "headers": {"X-Key": "ab", "Content-Type": "application/json"}},
    {"method": "POST", "url": "/things/7", "json": {"n": 4}, "headers": {"X-Key": "ab"}},
    {"method": "PUT", "url": "/sync"},
    {"method": "OPTIONS", "url": "/sync"},
    {"method": "GET", "url": "/nowhere"},
    {"method": "DELETE", "url": "/gone"},
    *(
        {"method": "GET", "url": f"/{name}"}
        for name in ["sync", "answered", "enum", "text", "plain", "cookie", "pieces"]
    ),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: f"{r['method']} {r['url']} {r.get('json', '')}")
async def test_an_answer_is_the_same_as_litestars(request_: dict[str, Any]) -> None:
    answers = []
    for served in (app(Serving), app()):
        transport = httpx.ASGITransport(app=served, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answers.append(seen(await client.request(**request_)))

    assert answers[0] == answers[1]


async def test_what_comes_after_an_answer_still_comes() -> None:
    done.clear()
    transport = httpx.ASGITransport(app=app(Serving))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.get("/cookie")

    assert done == ["afterwards"]


async def test_a_route_without_an_audience_is_closed() -> None:
    @get("/forgotten")
    async def forgotten() -> None:
        """Nobody said who may come in."""

    served = Litestar([forgotten], middleware=[Serving], exception_handlers=problems.HANDLERS, openapi_config=None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=served), base_url="http://test") as client:
        assert (await client.get("/forgotten")).status_code == 403
