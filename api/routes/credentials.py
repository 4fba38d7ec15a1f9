"""Officers' factors: change one's own password; replace a colleague's lost second factor with a second officer."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api import limits
from api.actors import Actor
from api.addresses import client_address, subscriber
from api.parts import Parts
from api.routes.operators import ADMINISTRATOR, OPERATOR, TAGS, Code, Password, Why
from domain.kernel import clock, crypto, database
from domain.operators import credentials, one_time_codes
from domain.operators.passwords import CHARS_MAX, CHARS_MIN


class PasswordChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Both factors as they are, and the password to be."""

    old_password: Password
    code: Code
    new_password: Annotated[str, msgspec.Meta(min_length=CHARS_MIN, max_length=CHARS_MAX, description="New password.")]


class ResetAsked(msgspec.Struct, frozen=True):
    """A second officer has to approve at `/v1/operator/approvals`; then the reset is made with this id."""

    approval_id: UUID


class NewFactor(msgspec.Struct, frozen=True):
    """The new one-time-code secret, shown only here."""

    otpauth: Annotated[str, msgspec.Meta(description="Address for the authenticator app, as a QR code.")]


@post(
    "/v1/operator/me/password",
    opt=OPERATOR | {"limit": "code"},
    tags=TAGS,
    summary="Change my password",
    status_code=204,
)
async def change_password(
    request: Request[Any, Any, Any],
    data: JSONBody[PasswordChange],
    operator: NamedDependency[Actor],
    parts: NamedDependency[Parts],
) -> Response[None]:
    """Needs the old password and a current code; ends my other sessions. Wrong attempts count towards the lock."""
    chosen, now = parts.settings, clock.utc_now()
    address = subscriber(client_address(request.scope, trusted=chosen.trusted_proxies))
    assert operator.session is not None
    async with limits.wrong_attempts(parts.redis, purpose="operator", subjects=[f"address:{address}"]):
        ring = crypto.key_ring(chosen.seal_keys)
        step = await credentials.prove(operator.id, password=data.old_password, code=data.code, ring=ring, now=now)
        hashed = await credentials.new_hash(operator.id, data.new_password)
        async with database.transaction():
            changed = await credentials.change_password(
                operator.id, step=step, password_hash=hashed, session=operator.session, now=now
            )
        if not changed:
            raise credentials.CredentialsWrong
    return Response(None, status_code=204)


@post(
    "/v1/operator/officers/{officer_id:uuid}/second-factor-resets",
    opt=ADMINISTRATOR,
    tags=TAGS,
    summary="Ask for a colleague's new second factor",
)
async def ask_reset(officer_id: FromPath[UUID], data: JSONBody[Why], operator: NamedDependency[Actor]) -> ResetAsked:
    """For a lost phone. A reviewer who is another person approves; nobody asks for themselves."""
    async with database.transaction():
        return ResetAsked(
            await credentials.ask_reset(officer_id, reason=data.reason, actor=operator.id, now=clock.utc_now())
        )


@post(
    "/v1/operator/second-factor-resets/{approval_id:uuid}",
    opt=ADMINISTRATOR,
    tags=TAGS,
    summary="Replace the second factor, once approved",
)
async def reset(
    approval_id: FromPath[UUID], operator: NamedDependency[Actor], parts: NamedDependency[Parts]
) -> Response[NewFactor]:
    """The officer's sessions end and only the new code works; the password stays the officer's own."""
    ring = crypto.key_ring(parts.settings.seal_keys)
    async with database.transaction():
        login, secret = await credentials.reset(approval_id, ring=ring, actor=operator.id, now=clock.utc_now())
    made = NewFactor(one_time_codes.provisioning_address(secret, login=login))
    return Response(made, headers={"Cache-Control": "no-store"})


ROUTES = [change_password, ask_reset, reset]
