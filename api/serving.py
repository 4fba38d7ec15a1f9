"""How a route is called: the one gate, then the handler, then its answer, with none of Litestar's detours.

Litestar's own call copies the handler for each guard, enters an exit stack for clean-ups nobody has, runs two
dependencies as a task group and builds three objects for an answer of bytes. This middleware calls the same handler
with the same parsed values and answers the same bytes; what it does not know (mounts, streams, HEAD, OPTIONS) it
leaves to Litestar.
"""

from collections.abc import Mapping
from typing import Any

from litestar import Response
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.serialization import encode_json, get_serializer
from litestar.types import ASGIApp, Receive, Scope, Send

from api import actors
from api.limits import limit_guard
from api.strict import StrictRequest, path_guard

JSON = "application/json"
NO_CONTENT = 204
NOT_MODIFIED = 304
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
SERIALIZER = get_serializer()
Headers = list[tuple[bytes, bytes]]


async def gate(connection: Any, handler: BaseRouteHandler) -> None:
    """Path, caller, limit: in front of every route, mounts too."""
    await path_guard(connection, handler)
    await actors.audience_guard(connection, handler)
    await limit_guard(connection, handler)


class Serving:
    """Litestar's middleware for all routes."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is Litestar's own way to the route."""
        self.app = app
        self._asked = False  # one of these stands before each route and method
        self._model: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request; what the handler raises is rendered further out."""
        handler: Any = scope["route_handler"]
        request = StrictRequest(scope, receive, send)
        await gate(request, handler)
        if not self._asked:
            self._asked, self._model = True, _model(scope, handler)
        if self._model is None or scope.get("method") not in METHODS:
            await self.app(scope, receive, send)
            return
        answered = handler.fn(**await _values(request, handler, model=self._model))
        if not handler.has_sync_callable:
            answered = await answered
        if not _is_plain_answer(answered, handler):
            answer = await handler.to_response(app=scope["litestar_app"], data=answered, request=request)
            await answer(scope, receive, send)
            return
        status, headers, body = _answer(answered, handler)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _model(scope: Scope, handler: BaseRouteHandler) -> Any:
    """How this handler's values are read; None for what is left to Litestar."""
    for route in scope["litestar_app"].routes:
        if isinstance(route, HTTPRoute) and route.path_format == scope["path_template"]:
            for own, model in route.route_handler_map.values():
                if own is handler and _is_plain(own):
                    return model
    return None


def _is_plain(handler: HTTPRouteHandler) -> bool:
    """Nothing is configured that only Litestar's own way would do."""
    hooks = handler.resolve_before_request() or handler.resolve_after_response() or handler.after_request
    return not (hooks or handler.cache or handler.resolve_response_headers() or handler.resolve_return_dto())


async def _values(request: StrictRequest, handler: Any, *, model: Any) -> dict[str, Any]:
    if not model.has_kwargs:
        return {}
    values: dict[str, Any] = {}
    for extractor in model.extractors:
        await extractor(values, request)
    for batch in model.dependency_batches:
        for dependency in batch:
            given = {name: values[name] for name in dependency.provide.signature_model.__struct_fields__}
            values[dependency.key] = await dependency.provide(**given)
    parsed: dict[str, Any] = handler.signature_model.parse_values_from_connection_kwargs(request, values)
    return parsed


def _is_plain_answer(answered: Any, handler: Any) -> bool:
    """Bytes and headers, or a value as JSON; streams, cookies and afterthoughts are Litestar's."""
    if isinstance(answered, Response):
        return type(answered) is Response and not (answered.cookies or answered.background)
    return bool(handler.media_type == JSON)


def _answer(answered: Any, handler: Any) -> tuple[int, Headers, bytes]:
    if not isinstance(answered, Response):
        status, media_type = handler.status_code, _media_type(handler.media_type)
        plain = isinstance(answered, str) and media_type != JSON
        body = answered.encode() if plain else b"" if status == NO_CONTENT else encode_json(answered)
        return status, _headers({}, media_type, body, status=status), body
    status = answered.status_code or handler.status_code
    media_type = _media_type(answered.media_type or handler.media_type)
    body = answered.render(answered.content, media_type, SERIALIZER)
    if status in {NO_CONTENT, NOT_MODIFIED}:
        body = b""
    return status, _headers(answered.headers, media_type, body, status=status), body


def _media_type(given: Any) -> str:
    return str(getattr(given, "value", given) or JSON)


def _headers(given: Mapping[str, str], media_type: str, body: bytes, *, status: int) -> Headers:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in given.items()]
    if status in {NO_CONTENT, NOT_MODIFIED}:
        return headers
    if not any(name == b"content-type" for name, _ in headers):
        text = media_type.startswith("text/")
        headers.append((b"content-type", (f"{media_type}; charset=utf-8" if text else media_type).encode()))
    if not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", b"%d" % len(body)))
    return headers
