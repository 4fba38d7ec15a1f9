"""The outermost layer of the ASGI app: request id, security headers, access log, counts. Also around 404 and 405.

Public answers that are still true are given here, before routing (see `api.open_data.caching`).
One line per request with the route's template instead of the path, so that no id, code or query gets into the log.
"""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any

from prometheus_client import Counter, Histogram

from api import heads, logs
from api.actors import ACTOR_KEY, Actor
from api.limits import HEADERS_KEY
from api.metrics import IN_FLIGHT, REQUESTS, SECONDS
from api.open_data import cors
from api.open_data.caching import ANSWERS
from api.problems import answer
from api.request_id import begin
from api.strict import StrictRequest, check_target
from domain.kernel import crypto, trace
from domain.kernel.errors import Refusal
from domain.kernel.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
NO_STORE = (b"cache-control", b"no-store")
OPEN_AUDIENCES = {"public", None}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}  # others share one label


class Edge:
    """Wraps Litestar's own handler; everything it adds is constant work per request."""

    def __init__(self, app: App, *, settings: Settings) -> None:
        """`app` is what Litestar built for its routes and errors."""
        self.app, self.settings = app, settings
        self.headers = [*ALWAYS, HSTS] if settings.public_url.startswith("https:") else ALWAYS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, method = time.perf_counter(), 0, scope["method"]
        request_id = begin(scope)
        token = trace.REQUEST_ID.set(request_id)

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._with_ours(scope, message.get("headers", []), request_id)
            await send(message)

        IN_FLIGHT.inc()
        try:
            if method == "HEAD":
                scope, only = heads.as_get(scope), heads.HeadersOnly(receive, sending)
                await self._serve(scope, only.receive, only.send)
            else:
                await self._serve(scope, receive, sending)
        finally:
            IN_FLIGHT.dec()
            trace.REQUEST_ID.reset(token)
            seconds = time.perf_counter() - started
            _note(scope, self.settings, method=method, status=status, request_id=request_id, seconds=seconds)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check_target(scope.get("raw_path") or scope["path"].encode(), scope["query_string"])
        except Refusal as refusal:
            request = StrictRequest(scope)  # type: ignore[arg-type]
            await answer(refusal, request=request).to_asgi_response(None, request)(scope, receive, send)  # type: ignore[arg-type]
            return
        if cors.is_preflight(scope):
            await send({"type": "http.response.start", "status": 204, "headers": list(cors.PREFLIGHT)})
            await send({"type": "http.response.body", "body": b""})
            return
        if scope["method"] == "GET" and (kept := ANSWERS.recall(scope)) is not None and not _has_token(scope):
            scope["path_template"] = kept.route
            await kept.give(scope, send)
            return
        await self.app(scope, receive, send)

    def _with_ours(self, scope: Scope, sent: Any, request_id: str) -> list[tuple[bytes, bytes]]:
        headers = [*sent, *self.headers, (b"x-request-id", request_id.encode()), *scope.get(HEADERS_KEY, ())]
        names = {name.lower() for name, _ in sent}
        if POLICY[0] not in names:
            headers.append(POLICY)
        if NO_STORE[0] not in names and (scope.get(ACTOR_KEY) or _audience(scope) not in OPEN_AUDIENCES):
            headers.append(NO_STORE)
        if cors.ANY_ORIGIN[0] not in names and cors.is_read(scope, audience=_audience(scope)):
            headers.append(cors.ANY_ORIGIN)
        return headers


def _has_token(scope: Scope) -> bool:
    """A token is judged even where none is needed."""
    return any(name == b"authorization" for name, _ in scope["headers"])


def _audience(scope: Scope) -> Any:
    handler = scope.get("route_handler")
    return handler.opt.get("audience") if handler is not None else None


@lru_cache(maxsize=4_096)
def _pseudonym(actor: Actor, settings: Settings) -> str:
    """Operators are named; a resident is a keyed hash, so that a log line does not join a person to a report."""
    if actor.kind == "operator":
        return actor.principal
    tag = crypto.blind_index(actor.principal, secret=settings.lookup_secret, purpose="log")
    return f"{actor.kind}~{tag[:8].hex()}"


@lru_cache(maxsize=4_096)
def _counters(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Looking them up by label takes longer than counting."""
    return REQUESTS.labels(method, route, status), SECONDS.labels(route)


def _note(scope: Scope, settings: Settings, *, method: str, status: int, request_id: str, seconds: float) -> None:
    route = scope.get("path_template") or "unmatched"
    method = method if method in METHODS else "OTHER"
    answered, took = _counters(method, route, status)
    answered.inc()
    took.observe(seconds)
    actor = scope.get(ACTOR_KEY)
    logs.access(
        request_id=request_id,
        method=method,
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 1),
        actor=_pseudonym(actor, settings) if actor is not None else None,
    )
