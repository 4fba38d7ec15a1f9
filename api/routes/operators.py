"""Officers: signing in and out, who am I, colleagues, and requests that need a second officer."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api import admin, limits, tokens
from api.actors import Actor, require_role
from api.addresses import client_address, subscriber
from api.metrics import REFUSED
from api.parts import Parts
from domain.kernel import audit, clock, crypto, database
from domain.kernel.settings import Settings
from domain.operators import accounts, four_eyes, one_time_codes, sessions, sign_in
from domain.operators.passwords import CHARS_MAX, CHARS_MIN

TAGS = ["Operators"]
OPERATOR = {"audience": "operator"}
ADMINISTRATOR = {"audience": "operator", "role": "administrator"}
Login = Annotated[str, msgspec.Meta(min_length=2, max_length=40, description="Login name.", examples=["chen"])]
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=CHARS_MAX, description="Password.")]
Code = Annotated[
    str, msgspec.Meta(pattern="^[0-9]{6}$", description="The authenticator's current code.", examples=["287082"])
]
Reason = Annotated[str, msgspec.Meta(min_length=2, max_length=500, description="Why; kept in the audit trail.")]
Role = Literal["clerk", "reviewer", "auditor", "administrator"]
Roles = Annotated[list[Role], msgspec.Meta(min_length=1, max_length=len(accounts.ROLES), description="Roles to hold.")]


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Both factors at once."""

    login: Login
    password: Password
    code: Code


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A bearer token of the operator audience."""

    access_token: Annotated[str, msgspec.Meta(description="Send as `Authorization: Bearer …`.")]
    expires_in: Annotated[int, msgspec.Meta(description="Seconds.", ge=1)]
    token_type: str = "Bearer"  # noqa: S105 - the scheme, not a secret


class OfficerView(msgspec.Struct, frozen=True, kw_only=True):
    """An officer as other officers see them."""

    id: UUID
    login: str
    name: str
    roles: list[str]
    status: Annotated[str, msgspec.Meta(description="active or disabled")]
    created_at: datetime


class NewOfficer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account to make."""

    login: Login
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, description="Name shown to other officers.")]
    password: Annotated[str, msgspec.Meta(min_length=CHARS_MIN, max_length=CHARS_MAX, description="First password.")]
    roles: Roles


class MadeOfficer(msgspec.Struct, frozen=True, kw_only=True):
    """The new account; the one-time-code secret is shown only here."""

    id: UUID
    otpauth: Annotated[str, msgspec.Meta(description="Address for the authenticator app, as a QR code.")]


class ChosenRoles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All roles the officer shall hold."""

    roles: Roles


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reason."""

    reason: Reason


def _token(settings: Settings, operator_id: UUID, session_id: UUID, *, now: datetime) -> Response[AccessToken]:
    token = tokens.issue_access(settings, kind="operator", subject=operator_id, session=session_id, now=now)
    seconds = int(tokens.ACCESS_LIFETIME.total_seconds())
    return Response(AccessToken(access_token=token, expires_in=seconds), headers={"Cache-Control": "no-store"})


@post(
    "/v1/operator/login",
    opt={"audience": "public", "limit": "login"},
    tags=TAGS,
    summary="Sign in as an officer",
    status_code=200,
)
async def login(
    request: Request[Any, Any, Any], data: JSONBody[SignIn], parts: NamedDependency[Parts]
) -> Response[AccessToken]:
    """Password and one-time code together; every way of being wrong answers the same.

    Five failures lock the account for 15 minutes. The token lives 15 minutes and is renewed by
    `POST /v1/operator/token`; the session ends after 30 idle minutes, or after 12 hours.
    """
    chosen, now = parts.settings, clock.utc_now()
    address = subscriber(client_address(request.scope, trusted=chosen.trusted_proxies))
    who = crypto.blind_index(data.login, secret=chosen.lookup_secret, purpose="operator-login").hex()[:32]
    async with limits.wrong_attempts(parts.redis, purpose="operator", subjects=[f"address:{address}", f"login:{who}"]):
        session = await _sign_in(data, settings=chosen, address=address, now=now)
    return _token(chosen, *session, now=now)


async def _sign_in(data: SignIn, *, settings: Settings, address: str, now: datetime) -> tuple[UUID, UUID]:
    """(officer, session); raises `SignInRefused` after the failure is committed."""
    found = await sign_in.find(data.login)
    ring = crypto.key_ring(settings.seal_keys)
    step = await sign_in.prove(found, password=data.password, code=data.code, ring=ring, now=now)
    tag = crypto.blind_index(address, secret=settings.lookup_secret, purpose="address").hex()[:16]
    async with database.transaction():
        session_id = await sign_in.settle(found, step=step, address_tag=tag, now=now)
    if found is None or session_id is None:
        REFUSED.labels("operator-sign-in").inc()
        raise sign_in.SignInRefused
    return found.id, session_id


@post("/v1/operator/token", opt=OPERATOR, tags=TAGS, summary="Renew the access token", status_code=200)
async def renew(operator: NamedDependency[Actor], parts: NamedDependency[Parts]) -> Response[AccessToken]:
    """A fresh access token for a session that is still alive."""
    return _token(parts.settings, operator.id, _session(operator), now=clock.utc_now())


def _session(operator: Actor) -> UUID:
    assert operator.session is not None
    return operator.session


@post("/v1/operator/browse", opt=OPERATOR, tags=TAGS, summary="A pass for raw browsing", status_code=204)
async def browse(operator: NamedDependency[Actor], parts: NamedDependency[Parts]) -> Response[None]:
    """Sets a cookie for `/admin` (read-only, 15 minutes). Needs the role auditor or administrator."""
    require_role(operator, *admin.ROLES)
    now = clock.utc_now()
    token = tokens.issue_access(parts.settings, kind="browse", subject=operator.id, session=_session(operator), now=now)
    seconds = int(tokens.ACCESS_LIFETIME.total_seconds())
    async with database.transaction():
        await audit.append(actor=operator.principal, action="operator.browses", subject="admin", at=now)
    return Response(None, status_code=204, headers={"Set-Cookie": admin.cookie(token, seconds=seconds)})


@post("/v1/operator/logout", opt=OPERATOR, tags=TAGS, summary="Sign out", status_code=204)
async def logout(operator: NamedDependency[Actor]) -> None:
    """Ends the session at once; its tokens stop working everywhere."""
    async with database.transaction():
        await sessions.end(_session(operator), reason="logout", now=clock.utc_now())


def _view(officer: accounts.Officer) -> OfficerView:
    return OfficerView(**officer._asdict())


@get("/v1/operator/me", opt=OPERATOR, tags=TAGS, summary="Who am I")
async def me(operator: NamedDependency[Actor]) -> OfficerView:
    """The signed-in officer and the roles held."""
    return _view(await accounts.one(operator.id))


@get("/v1/operator/officers", opt=OPERATOR, tags=TAGS, summary="All officers")
async def officers(operator: NamedDependency[Actor]) -> list[OfficerView]:
    """Colleagues with their roles, by login."""
    return [_view(officer) for officer in await accounts.all_officers()]


@post("/v1/operator/officers", opt=ADMINISTRATOR, tags=TAGS, summary="Make an account for an officer")
async def make_officer(
    data: JSONBody[NewOfficer], operator: NamedDependency[Actor], parts: NamedDependency[Parts]
) -> Response[MadeOfficer]:
    """Needs the role administrator. The answer holds the one-time-code secret, once."""
    async with database.transaction():
        officer_id, secret = await accounts.create(
            login=data.login,
            name=data.name,
            password=data.password,
            roles=data.roles,
            ring=crypto.key_ring(parts.settings.seal_keys),
            actor=operator.principal,
            now=clock.utc_now(),
        )
    made = MadeOfficer(id=officer_id, otpauth=one_time_codes.provisioning_address(secret, login=data.login))
    return Response(made, status_code=201, headers={"Cache-Control": "no-store"})


@put("/v1/operator/officers/{officer_id:uuid}/roles", opt=ADMINISTRATOR, tags=TAGS, summary="Set an officer's roles")
async def set_roles(
    officer_id: FromPath[UUID], data: JSONBody[ChosenRoles], operator: NamedDependency[Actor]
) -> OfficerView:
    """Works from the officer's next request on. Nobody changes their own roles."""
    async with database.transaction():
        await accounts.set_roles(officer_id, roles=data.roles, actor=operator.id, now=clock.utc_now())
        return _view(await accounts.one(officer_id))


@post(
    "/v1/operator/officers/{officer_id:uuid}/disable",
    opt=ADMINISTRATOR,
    tags=TAGS,
    summary="End an officer's access",
    status_code=200,
)
async def disable(officer_id: FromPath[UUID], data: JSONBody[Why], operator: NamedDependency[Actor]) -> OfficerView:
    """Ends the account and all its sessions at once. Nobody disables themselves."""
    async with database.transaction():
        await accounts.disable(officer_id, reason=data.reason, actor=operator.id, now=clock.utc_now())
        return _view(await accounts.one(officer_id))


class ApprovalView(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a second officer."""

    id: UUID
    action: Annotated[str, msgspec.Meta(description="What shall be done.", examples=["reporter.reveal"])]
    subject: Annotated[str, msgspec.Meta(description="To what.")]
    detail: Annotated[dict[str, Any], msgspec.Meta(description="Exactly what the approval covers.")]
    reason: str
    asked_by: UUID
    asked_at: datetime
    expires_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    decision: Annotated[str | None, msgspec.Meta(description="approved, declined, or absent while open")]
    used_at: datetime | None


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A second officer's answer."""

    approve: bool
    note: Annotated[str, msgspec.Meta(max_length=500, description="Why; kept with the decision.")] = ""


def _asked(asked: four_eyes.Asked) -> ApprovalView:
    return ApprovalView(**asked._asdict())


@get("/v1/operator/approvals", opt=OPERATOR, tags=TAGS, summary="Requests waiting for a second officer")
async def approvals(operator: NamedDependency[Actor]) -> list[ApprovalView]:
    """Open requests, oldest first, at most 100. One's own are listed too, but somebody else decides them."""
    return [_asked(asked) for asked in await four_eyes.waiting(now=clock.utc_now())]


@get("/v1/operator/approvals/{approval_id:uuid}", opt=OPERATOR, tags=TAGS, summary="One request")
async def approval(approval_id: FromPath[UUID], operator: NamedDependency[Actor]) -> ApprovalView:
    """A request with its decision."""
    return _asked(await four_eyes.one(approval_id))


@post(
    "/v1/operator/approvals/{approval_id:uuid}/decision",
    opt={"audience": "operator", "role": "reviewer"},
    tags=TAGS,
    summary="Decide a request",
    status_code=200,
)
async def decide(
    approval_id: FromPath[UUID], data: JSONBody[Decision], operator: NamedDependency[Actor]
) -> ApprovalView:
    """Needs the role reviewer and another person than the one who asked. A decision is final."""
    async with database.transaction():
        return _asked(
            await four_eyes.decide(
                approval_id, approve=data.approve, operator=operator.id, note=data.note, now=clock.utc_now()
            )
        )


ROUTES = [login, renew, browse, logout, me, officers, make_officer, set_roles, disable, approvals, approval, decide]
