"""Where WeChat pushes its events: consents given and withdrawn, messages delivered, images judged."""

from typing import Annotated, Any

from litestar import MediaType, Request, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.parts import Parts
from api.wechat import push
from domain.kernel import clock, database

Word = Annotated[str, QueryParameter(max_length=128, description="As WeChat sends it.")]


@get(
    "/v1/wechat/push",
    opt={"audience": "wechat"},
    tags=["wechat"],
    summary="Answer WeChat's address check",
    media_type=MediaType.TEXT,
)
async def check_address(
    parts: NamedDependency[Parts], signature: Word, timestamp: Word, nonce: Word, echostr: Word
) -> str:
    """Echoes `echostr` when the signature over token, timestamp and nonce is WeChat's."""
    return push.echo(parts.settings, signature=signature, timestamp=timestamp, nonce=nonce, echostr=echostr)


@post(
    "/v1/wechat/push",
    opt={"audience": "wechat"},
    tags=["wechat"],
    summary="Take one pushed event",
    status_code=200,
    media_type=MediaType.TEXT,
)
async def take_push(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> str:
    """Verifies and decrypts the event (XML or JSON), acts on it once, and answers `success`."""
    message = push.read(parts.settings, dict(request.query_params), await request.body())
    async with database.transaction():
        await push.take(message, now=clock.utc_now())
    return "success"


ROUTES = [check_address, take_push]
