"""Signing in, staying signed in, signing out, and proving a phone."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api import age_gate
from api.actors import SESSIONS, Actor
from api.addresses import client_address
from api.limits import wrong_attempts
from api.parts import Parts
from api.tokens import ACCESS_LIFETIME, issue_access
from api.wechat.client import open_wechat
from api.wechat.login import identity_of, phone_of
from domain.kernel import clock, database
from domain.residents import accounts, phones, sessions, sms_codes

WeChatCode = Annotated[str, msgspec.Meta(min_length=1, max_length=128, description="Single use, 5 minutes")]


class WeChatLogin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that `wx.login` gave the app."""

    code: WeChatCode


class RefreshRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The latest refresh token."""

    refresh_token: Annotated[str, msgspec.Meta(min_length=20, max_length=100)]


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """An access token for 15 minutes and the refresh token that works once."""

    access_token: str
    token_type: str
    expires_in: int  # seconds
    refresh_token: str


class PhoneBound(msgspec.Struct, frozen=True, kw_only=True):
    """The phone of the account, masked."""

    phone: str
    region: str


class SmsCodeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number to prove."""

    phone: Annotated[str, msgspec.Meta(min_length=5, max_length=phones.TEXT_CHARS_MAX, examples=["13800138000"])]


class SmsCodeAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A code is on its way; confirm with this request id."""

    request_id: UUID
    expires_at: datetime


class SmsCodeAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The six digits that arrived."""

    request_id: UUID
    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$")]


def _tokens(parts: Parts, session: sessions.Session, *, now: datetime) -> Tokens:
    access = issue_access(parts.settings, kind="resident", subject=session.account, session=session.id, now=now)
    return Tokens(
        access_token=access,
        token_type="Bearer",  # noqa: S106 - RFC 6750's word, not a secret
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
        refresh_token=session.refresh_token,
    )


def _address(request: Request[Any, Any, Any], parts: Parts) -> str:
    return client_address(request.scope, trusted=parts.settings.trusted_proxies)


@post(
    "/v1/auth/wechat",
    opt={"audience": "public", "limit": "login"},
    tags=["sign-in"],
    summary="Sign in with a WeChat code",
    status_code=200,
)
async def sign_in(
    data: JSONBody[WeChatLogin], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Tokens:
    """Exchanges the code of `wx.login` for tokens; the first sign-in makes the account."""
    wechat = open_wechat(parts.settings, http=parts.http, redis=parts.redis)
    async with wrong_attempts(parts.redis, purpose="wechat-login", subjects=[_address(request, parts)]):
        identity = await identity_of(wechat, data.code)
    now = clock.utc_now()
    async with database.transaction():
        account = await accounts.account_for_openid(identity.openid, now=now)
        session = await sessions.begin(account, now=now)
    return _tokens(parts, session, now=now)


@post(
    "/v1/auth/refresh",
    opt={"audience": "public", "limit": "login"},
    tags=["sign-in"],
    summary="Continue a session",
    status_code=200,
)
async def refresh(data: JSONBody[RefreshRequest], parts: NamedDependency[Parts]) -> Tokens:
    """Exchanges the refresh token for new tokens. Each works once; a second use ends the session for everybody."""
    now = clock.utc_now()
    async with database.transaction():
        refreshed = await sessions.refresh(data.refresh_token, now=now)
    if refreshed.reused is not None:
        SESSIONS.forget(refreshed.reused)
    if refreshed.session is None:
        raise sessions.SessionOver
    return _tokens(parts, refreshed.session, now=now)


@post(
    "/v1/auth/logout",
    opt={"audience": "resident"},
    tags=["sign-in"],
    summary="Sign out",
    status_code=204,
)
async def sign_out(resident: NamedDependency[Actor]) -> None:
    """Ends this session on the server: its access token dies at once here and within seconds everywhere."""
    if resident.session is not None:
        await sessions.end(resident.session, reason="logout", now=clock.utc_now())
        SESSIONS.forget(resident.session)


@post(
    "/v1/auth/phone/wechat",
    opt={"audience": "resident", "limit": "code"},
    tags=["sign-in"],
    summary="Bind the phone WeChat knows",
    status_code=200,
)
async def bind_by_wechat(
    data: JSONBody[WeChatLogin], resident: NamedDependency[Actor], parts: NamedDependency[Parts]
) -> PhoneBound:
    """Exchanges the code of WeChat's phone button for the number and binds it; stored encrypted."""
    await age_gate.pass_gate(resident.id)
    wechat = open_wechat(parts.settings, http=parts.http, redis=parts.redis)
    async with wrong_attempts(parts.redis, purpose="phone", subjects=[resident.principal]):
        phone = phones.read(await phone_of(wechat, data.code))
    async with database.transaction():
        await phones.bind(resident.id, phone=phone, proof="wechat", now=clock.utc_now())
    return PhoneBound(phone=phones.masked(phone.e164), region=phone.region)


@post(
    "/v1/auth/phone/sms-code",
    opt={"audience": "resident", "limit": "code"},
    tags=["sign-in"],
    summary="Ask for an SMS code",
    status_code=202,
)
async def ask_sms_code(data: JSONBody[SmsCodeRequest], resident: NamedDependency[Actor]) -> SmsCodeAsked:
    """Sends six digits to the number. The answer is the same whether or not the number is bound somewhere."""
    await age_gate.pass_gate(resident.id)
    phone = phones.read(data.phone)
    async with database.transaction():
        asked = await sms_codes.ask(resident.id, phone=phone, now=clock.utc_now())
    return SmsCodeAsked(request_id=asked.request_id, expires_at=asked.expires_at)


@post(
    "/v1/auth/phone/confirm",
    opt={"audience": "resident", "limit": "code"},
    tags=["sign-in"],
    summary="Bind a phone by SMS code",
    status_code=200,
)
async def confirm_sms_code(
    data: JSONBody[SmsCodeAnswer], resident: NamedDependency[Actor], parts: NamedDependency[Parts]
) -> PhoneBound:
    """Binds the number the code was sent to. Five wrong tries burn the code."""
    now = clock.utc_now()
    async with wrong_attempts(parts.redis, purpose="sms-code", subjects=[resident.principal]):
        async with database.transaction():
            phone = await sms_codes.confirm(resident.id, request_id=data.request_id, code=data.code, now=now)
        if phone is None:
            raise sms_codes.SmsCodeRefused(field="code")
    async with database.transaction():
        await phones.bind(resident.id, phone=phone, proof="sms", now=now)
    return PhoneBound(phone=phones.masked(phone.e164), region=phone.region)


ROUTES = [sign_in, refresh, sign_out, bind_by_wechat, ask_sms_code, confirm_sms_code]
