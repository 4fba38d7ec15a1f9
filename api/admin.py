"""Piccolo Admin at `/admin`, for raw browsing by officers: read-only, only tables without personal or sealed values.

A signed-in auditor or administrator asks for a pass (`POST /v1/operator/browse`): a cookie for `/admin` only, valid 15
minutes, of an audience of its own. The gate checks pass, session, role and network on each request and lets nothing but
GET through; Piccolo's own accounts, passwords and sign-in are not used. A table is shown only when it is listed here.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import cache
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import unquote

from litestar import Request, asgi
from litestar.response import Redirect
from litestar.types import Receive, Scope, Send
from piccolo.conf.apps import Finder
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.requests import HTTPConnection

from api.actors import Actor, officer_of
from api.problems import Forbidden, MethodNotAllowed, answer
from domain.kernel import clock, settings
from domain.kernel.errors import Refusal

log = logging.getLogger(__name__)

MOUNT = "/admin"
COOKIE = "green_whistle_browse"
ROLES = ("auditor", "administrator")
CLOSED = ("/public/login", "/public/docs", "/api/docs", "/api/change-password", "/api/media")
POLICY = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    b" font-src 'self' data:; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
)
VISIBLE = (
    "approval",
    "audit_entry",
    "audit_seal",
    "calendar_override",
    "case_extension",
    "case_file",
    "case_report",
    "case_round",
    "case_warning",
    "clock_limit",
    "disclosed_enterprise_rating",
    "disclosed_notice",
    "disclosed_penalty",
    "disclosed_river",
    "disclosed_river_policy",
    "disclosed_river_water",
    "disclosed_section",
    "disclosed_station_reading",
    "disclosure_due",
    "disclosure_stamp",
    "handled_event",
    "ledger_block",
    "ledger_day",
    "outbox_event",
    "public_report",
    "reward_unit",
    "tick",
)


class _Officers(AuthenticationBackend):
    """The gate has decided already; this only names the officer to Piccolo Admin."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser]:
        user = SimpleUser(conn.scope["green_whistle_officer"])
        user.user_id = conn.scope["green_whistle_officer"]  # type: ignore[attr-defined]
        return AuthCredentials(["authenticated"]), user


@cache
def _browser() -> Callable[..., Awaitable[None]]:
    """Piccolo Admin over the visible tables, with the officer as its user."""
    apps = Finder().get_app_registry().app_configs.values()
    shown = [table for app in apps for table in app.table_classes if table._meta.tablename in VISIBLE]  # noqa: SLF001
    from piccolo_admin.endpoints import create_admin  # noqa: PLC0415 - 9 MiB that only browsing officers need

    made: Any = create_admin(shown, read_only=True, auto_include_related=False, site_name="绿哨 Green Whistle")
    for route in made.routes:
        if getattr(route, "path", "") == "/api":
            route.app.backend = _Officers()
    return made  # type: ignore[no-any-return]


def _pass(request: Request[Any, Any, Any]) -> str | None:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return found.value if found is not None else None


async def _officer(request: Request[Any, Any, Any], path: str) -> Actor:
    if request.method not in {"GET", "HEAD"}:
        raise MethodNotAllowed
    if path.startswith(CLOSED):
        raise Forbidden
    officer = await officer_of(request, token=_pass(request), kind="browse", now=clock.utc_now())
    if officer.roles.isdisjoint(ROLES):
        raise Forbidden
    return officer


@asgi(MOUNT, is_mount=True, opt={"audience": "public", "limit": "none"}, copy_scope=True)
async def admin(scope: Scope, receive: Receive, send: Send) -> None:
    """The mounted console; refuses in the same words as the API."""
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    try:
        officer = await _officer(request, scope["path"])
    except Refusal as refusal:
        await answer(refusal, request=request).to_asgi_response(None, request)(scope, receive, send)
        return
    log.info("admin_browsed", extra={"operator": str(officer.id), "path": scope["path"][:120]})
    path = unquote(scope["raw_path"].decode("ascii", "replace")).removeprefix(MOUNT)  # with its own slash at the end
    if not path:
        await Redirect(f"{MOUNT}/").to_asgi_response(None, request)(scope, receive, send)
        return
    inner = dict(scope) | {"path": path, "root_path": "", "green_whistle_officer": str(officer.id)}

    async def with_policy(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"content-security-policy", POLICY)]
        await send(message)

    await _browser()(inner, receive, with_policy)


def cookie(token: str, *, seconds: int) -> str:
    """The `Set-Cookie` value of a pass; an empty token takes it away."""
    secure = "; Secure" if settings.current().public_url.startswith("https:") else ""
    return f"{COOKIE}={token}; Path={MOUNT}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
