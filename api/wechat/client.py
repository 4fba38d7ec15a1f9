"""The thin WeChat client: eight calls, one token, one breaker, errors by meaning.

Bodies go out as UTF-8 with real characters: escaped ones would pass WeChat's text check unseen. Nothing personal is
logged: the call, the code and WeChat's request id (rid) are enough to ask them.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import msgspec
from redis.asyncio import Redis

from api.wechat.errcodes import Meaning, WeChatRefused, WeChatUnreachable
from api.wechat.tokens import TokenShelf
from domain.kernel.crypto import key_ring
from domain.kernel.settings import Settings
from notifications.breaker import Breaker

log = logging.getLogger(__name__)
CALL_S = 10.0  # one call with its connection
CONNECT_S = 3.0
ANSWER_BYTES_MAX = 1024 * 1024
TIMEOUT = httpx.Timeout(CALL_S, connect=CONNECT_S)
Answer = TypeVar("Answer")


class Failure(msgspec.Struct):
    """The error members every answer may carry."""

    errcode: int = 0
    errmsg: str = ""


class SessionAnswer(msgspec.Struct):
    """code2Session; `session_key` never leaves the server."""

    openid: str
    session_key: str
    unionid: str | None = None


class TokenAnswer(msgspec.Struct):
    """stable_token."""

    access_token: str
    expires_in: int


class PhoneInfo(msgspec.Struct, rename="camel"):
    """A phone number as WeChat knows it; the country code comes as number or text."""

    pure_phone_number: str
    country_code: int | str


class PhoneAnswer(msgspec.Struct):
    """getuserphonenumber."""

    phone_info: PhoneInfo


class Verdict(msgspec.Struct):
    """pass, review or risky, and WeChat's label."""

    suggest: str
    label: int = 100


class TextAnswer(msgspec.Struct):
    """msg_sec_check v2."""

    result: Verdict
    trace_id: str = ""


class MediaAnswer(msgspec.Struct):
    """media_check_async v2: the verdict comes by push under this trace id."""

    trace_id: str


class SendAnswer(msgspec.Struct):
    """subscribe/send; the message id is not documented for every account."""

    msgid: int | str | None = None


@dataclass(slots=True, kw_only=True)
class WeChat:
    """One mini-program at one address. Make it with `open_wechat`."""

    http: httpx.AsyncClient
    redis: Redis
    url: str
    appid: str
    secret: str
    seal_keys: str
    state: str = "formal"  # developer | trial | formal: which edition a message opens
    breaker: Breaker = field(init=False)
    tokens: TokenShelf = field(init=False)

    def __post_init__(self) -> None:
        """Builds what hangs on the address."""
        self.breaker = Breaker(redis=self.redis, provider=f"wechat:{self.appid}")
        self.tokens = TokenShelf(
            redis=self.redis, ring=key_ring(self.seal_keys), appid=self.appid, fetch=self._stable_token
        )

    async def code_to_session(self, code: str) -> SessionAnswer:
        """Exchanges a `wx.login` code; single use, 5 minutes, no access token needed."""
        query = {"appid": self.appid, "secret": self.secret, "js_code": code, "grant_type": "authorization_code"}
        return await self._call("GET", "/sns/jscode2session", SessionAnswer, query=query)

    async def phone_number(self, code: str) -> PhoneInfo:
        """Exchanges a phone code; single use, 5 minutes."""
        return (await self._authorised("/wxa/business/getuserphonenumber", PhoneAnswer, {"code": code})).phone_info

    async def send_subscribed(
        self, *, openid: str, template_id: str, page: str, fields: dict[str, str], language: str
    ) -> SendAnswer:
        """One subscribe message; spends one consent."""
        body = {
            "touser": openid,
            "template_id": template_id,
            "page": page,
            "data": {key: {"value": value} for key, value in fields.items()},
            "miniprogram_state": self.state,
            "lang": language,
        }
        return await self._authorised("/cgi-bin/message/subscribe/send", SendAnswer, body)

    async def check_text(self, *, openid: str, content: str, scene: int) -> TextAnswer:
        """Judges at most 2,500 characters; the user must have visited within two hours."""
        body = {"version": 2, "openid": openid, "scene": scene, "content": content}
        return await self._authorised("/wxa/msg_sec_check", TextAnswer, body)

    async def check_image(self, *, openid: str, media_url: str, scene: int) -> MediaAnswer:
        """Asks for a verdict on an image WeChat can fetch for the next 30 minutes; it comes by push."""
        body = {"version": 2, "media_type": 2, "media_url": media_url, "openid": openid, "scene": scene}
        return await self._authorised("/wxa/media_check_async", MediaAnswer, body)

    async def unlimited_code(self, *, scene: str, page: str, width: int = 430, check_path: bool = True) -> bytes:
        """A mini-program code image for `scene` (at most 32 visible characters)."""
        body = {"scene": scene, "page": page, "width": width, "check_path": check_path}
        return await self._authorised("/wxa/getwxacodeunlimit", bytes, body)

    async def _stable_token(self) -> tuple[str, int]:
        body = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
        answer = await self._call("POST", "/cgi-bin/stable_token", TokenAnswer, body=body)
        return answer.access_token, answer.expires_in

    async def _authorised(self, path: str, kind: type[Answer], body: dict[str, Any]) -> Answer:
        """A call with the token; a refused token is replaced once."""
        token = await self.tokens.get()
        try:
            return await self._call("POST", path, kind, query={"access_token": token}, body=body)
        except WeChatRefused as refused:
            if refused.meaning is not Meaning.TOKEN:
                raise
        await self.tokens.drop(token)
        return await self._call("POST", path, kind, query={"access_token": await self.tokens.get()}, body=body)

    async def _call(
        self, method: str, path: str, kind: type[Answer], *, query: dict[str, str] | None = None, body: object = None
    ) -> Answer:
        if (wait_s := await self.breaker.open_for_s()) > 0:
            raise WeChatUnreachable(f"{path}: breaker open", retry_after_s=wait_s)
        try:
            content, media_type = await self._exchange(method, path, query=query, body=body)
            answer = _read(content, media_type, kind, path=path)
        except (httpx.HTTPError, TimeoutError, msgspec.MsgspecError) as error:
            await self.breaker.failed()
            log.warning("wechat_unreachable", extra={"call": path, "error": type(error).__name__})
            raise WeChatUnreachable(f"{path}: {type(error).__name__}") from error
        except WeChatRefused as refused:
            await self.breaker.answered()
            log.info("wechat_refused", extra={"call": path, "errcode": refused.errcode, "rid": refused.rid})
            raise
        await self.breaker.answered()
        return answer

    async def _exchange(
        self, method: str, path: str, *, query: dict[str, str] | None, body: object
    ) -> tuple[bytes, str]:
        """The bytes and media type of a 200; httpx errors, or TimeoutError after `CALL_S` in all."""
        content = None if body is None else msgspec.json.encode(body)  # msgspec writes real UTF-8
        headers = {"Content-Type": "application/json; charset=utf-8"}
        async with (
            asyncio.timeout(CALL_S),
            self.http.stream(
                method,
                self.url.rstrip("/") + path,
                params=query,
                content=content,
                headers=headers,
                timeout=TIMEOUT,
                follow_redirects=False,
            ) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise httpx.HTTPStatusError("status", request=response.request, response=response)
            got = bytearray()
            async for chunk in response.aiter_bytes():
                got += chunk
                if len(got) > ANSWER_BYTES_MAX:
                    raise httpx.DecodingError("too long")
        return bytes(got), response.headers.get("Content-Type", "")


def _read(content: bytes, media_type: str, kind: type[Answer], *, path: str) -> Answer:
    """The answer as `kind`; `bytes` means an image. Raises `WeChatRefused` or a msgspec error."""
    if kind is bytes and media_type.startswith("image/"):
        return content  # type: ignore[return-value]
    failure = msgspec.json.decode(content, type=Failure)
    if failure.errcode != 0:
        raise WeChatRefused(failure.errcode, errmsg=failure.errmsg, call=path)
    return msgspec.json.decode(content, type=kind)


def open_wechat(settings: Settings, *, http: httpx.AsyncClient, redis: Redis) -> WeChat:
    """The client of the configured mini-program."""
    return WeChat(
        http=http,
        redis=redis,
        url=settings.wechat_url,
        appid=settings.wechat_appid,
        secret=settings.wechat_secret,
        seal_keys=settings.seal_keys,
        state="formal" if settings.env == "production" else "developer",
    )
