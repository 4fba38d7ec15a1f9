"""Every error leaves as an RFC 9457 problem: a stable `type` ending in a code, Chinese and English texts, advice.

Refusals of the domain are rendered as they are; Litestar's own errors are translated into the refusals below; whatever
is left is a bug: a 500 that carries the request id and nothing else. Text of foreign exceptions never reaches a
client, and reaches the log only as the name of its class, because database messages quote values.
"""

import logging
import re
import traceback
from typing import Any

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from redis.exceptions import ConnectionError as RedisDown
from redis.exceptions import TimeoutError as RedisSlow

from api.field_errors import FieldError, field_error
from api.request_id import request_id_of
from domain.kernel import settings
from domain.kernel.errors import Invalid, NotFound, Refusal, Text, TryLater
from domain.kernel.idempotency import IdempotencyKeyMissing

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_DOWN_S = 5
FRAMES_LOGGED = 12


class ValidationFailed(Refusal):
    """One or more values break the limits of the OpenAPI document; `errors` lists them."""

    code = "validation-failed"
    status = 400
    title = Text("请求内容不符合要求", "The request does not fit its description")
    advice = Text("请按 errors 中的字段逐项修改。", "Correct the fields listed in errors.")


class Malformed(Refusal):
    """The body, path or query cannot be read as what it should be."""

    code = "malformed-request"
    status = 400
    title = Text("请求无法解析", "The request cannot be read")
    advice = Text(
        "请检查 JSON 语法、重复的键、嵌套层数和特殊字符。",
        "Check JSON syntax, repeated keys, nesting and control characters.",
    )


class Unauthenticated(Refusal):
    """No valid access token."""

    code = "unauthenticated"
    status = 401
    title = Text("未登录或登录已失效", "Not signed in, or the token has expired")
    advice = Text("请重新登录或用刷新令牌换取新的访问令牌。", "Sign in again or use the refresh token.")


class Forbidden(Refusal):
    """The caller is known but this is not for them."""

    code = "forbidden"
    status = 403
    title = Text("无权进行此操作", "Not allowed")
    advice = Text("请使用有权限的账号。", "Use an account that holds the needed role.")


class MethodNotAllowed(Refusal):
    """The path exists, the method does not."""

    code = "method-not-allowed"
    status = 405
    title = Text("不支持该请求方法", "This method is not offered here")
    advice = Text("可用的方法见 Allow 响应头。", "The Allow header lists the methods.")


class BodyTooLarge(Refusal):
    """The body is longer than the route accepts."""

    code = "body-too-large"
    status = 413
    title = Text("请求内容过大", "The body is too large")
    advice = Text("请缩小内容后重试。", "Send less in one request.")


class WrongMediaType(Refusal):
    """The body is not of the media type the route reads."""

    code = "unsupported-media-type"
    status = 415
    title = Text("不支持该内容类型", "This media type is not read here")
    advice = Text("请使用 Content-Type: application/json。", "Send Content-Type: application/json.")


class TooManyRequests(Refusal):
    """A rate limit is used up."""

    code = "too-many-requests"
    status = 429
    title = Text("请求过于频繁", "Too many requests")
    advice = Text("请在 Retry-After 指示的秒数后重试。", "Wait the seconds given in Retry-After.")


class InternalError(Refusal):
    """A bug on our side; nothing was changed."""

    code = "internal-error"
    status = 500
    title = Text("服务器内部错误", "Something broke on our side")
    advice = Text(
        "操作未生效。请稍后重试，并向我们提供 request_id。",
        "Nothing was changed. Try again, and tell us the request_id.",
    )


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every error answer (RFC 9457, `application/problem+json`)."""

    type: str
    title: str
    status: int
    code: str
    title_en: str
    advice: str
    advice_en: str
    request_id: str
    detail: str | None = None
    detail_en: str | None = None
    instance: str | None = None
    field: str | None = None
    retry_after_s: int | None = None
    errors: list[FieldError] | None = None


Answer = Response[bytes]
BY_STATUS: dict[int, type[Refusal]] = {
    400: Malformed,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    413: BodyTooLarge,
    415: WrongMediaType,
    429: TooManyRequests,
    503: TryLater,
}


def type_of(code: str) -> str:
    """The stable address of a problem type."""
    return f"{settings.current().public_url.rstrip('/')}/problems/{code}"


def problem_of(refusal: Refusal, *, request: Request[Any, Any, Any], errors: list[FieldError] | None = None) -> Problem:
    """The wire form of a refusal."""
    detail = refusal.detail
    return Problem(
        type=type_of(refusal.code),
        title=refusal.title.zh,
        status=refusal.status,
        code=refusal.code,
        title_en=refusal.title.en,
        advice=refusal.advice.zh,
        advice_en=refusal.advice.en,
        request_id=request_id_of(request.scope),
        detail=detail.zh if detail else None,
        detail_en=detail.en if detail else None,
        instance=request.scope["path"],
        field=refusal.field,
        retry_after_s=refusal.retry_after_s,
        errors=errors,
    )


def answer(
    refusal: Refusal,
    *,
    request: Request[Any, Any, Any],
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """The response for a refusal, with the headers its status requires; never cacheable."""
    problem = msgspec.to_builtins(problem_of(refusal, request=request, errors=errors))
    sent = {"Cache-Control": "no-store", **(headers or {})}
    if refusal.status == Unauthenticated.status:
        sent.setdefault("WWW-Authenticate", 'Bearer realm="green-whistle"')
    if refusal.retry_after_s is not None:
        sent["Retry-After"] = str(refusal.retry_after_s)
    body = msgspec.json.encode(dict(refusal.facts) | problem)
    return Response(body, status_code=refusal.status, headers=sent, media_type=PROBLEM_JSON)


def refused(request: Request[Any, Any, Any], error: Refusal) -> Answer:
    """A business "no"."""
    return answer(error, request=request)


def invalid(request: Request[Any, Any, Any], error: ValidationException) -> Answer:
    """Litestar found values outside their limits."""
    errors = [field_error(entry) for entry in error.extra or () if isinstance(entry, dict)]
    if any(e.field.lower() in {"idempotency-key", "idempotency_key"} and "Missing" in e.message_en for e in errors):
        return answer(IdempotencyKeyMissing(field="Idempotency-Key"), request=request)
    if not errors and "Missing required header parameter 'Idempotency-Key'" in error.detail:
        return answer(IdempotencyKeyMissing(field="Idempotency-Key"), request=request)
    detail = None if errors else _shown(error.detail)
    refusal = ValidationFailed(detail, field=errors[0].field if errors else None)
    return answer(refusal, request=request, errors=errors or None)


MISSING = re.compile(r"Missing required (\w+) parameter '([\w-]{1,60})'")


def _shown(detail: str) -> Text | None:
    """Only Litestar's own sentence about a missing parameter is passed on; other texts may quote input."""
    found = MISSING.search(detail)
    return Text(f"缺少参数 {found[2]}", f"Missing {found[1]} parameter {found[2]}") if found else None


def framework(request: Request[Any, Any, Any], error: HTTPException) -> Answer:
    """What Litestar itself refused: no such path, wrong method, too large, unreadable."""
    if error.status_code not in BY_STATUS and error.status_code >= InternalError.status:
        return bug(request, error)
    refusal = BY_STATUS.get(error.status_code, Malformed)()
    allow = (error.headers or {}).get("allow")
    return answer(refusal, request=request, headers={"Allow": _methods(allow)} if allow else None)


def _methods(listed: str) -> str:
    names = {*listed.split(", "), "OPTIONS"} | ({"HEAD"} if "GET" in listed else set())
    return ", ".join(sorted(names))


def down(request: Request[Any, Any, Any], error: Exception) -> Answer:
    """The database or Redis cannot be reached or is out of connections; the transaction is rolled back."""
    log.error("dependency_down", extra={"error": type(error).__name__, "request_id": request_id_of(request.scope)})
    return answer(TryLater(retry_after_s=RETRY_AFTER_DOWN_S), request=request)


def bug(request: Request[Any, Any, Any], error: Exception) -> Answer:
    """The last resort: whatever nobody expected. The transaction has been rolled back on the way here."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_LOGGED:]
    where = [f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
    names = {"error": type(error).__name__, "cause": type(error.__cause__).__name__, "frames": where}
    log.error("bug", extra=names | {"request_id": request_id_of(request.scope), "path": _template(request)})
    return answer(InternalError(), request=request)


def _template(request: Request[Any, Any, Any]) -> str:
    return str(request.scope.get("path_template") or "")


def unfit(request: Request[Any, Any, Any], error: Exception) -> Answer:
    """A value the wire struct let pass does not fit its column: the bound is missing there, but it is no failure."""
    names = {"error": type(error).__name__, "path": _template(request), "request_id": request_id_of(request.scope)}
    log.warning("value_without_bound", extra=names)
    return answer(Invalid(), request=request)


DOWN: tuple[type[Exception], ...] = (
    TimeoutError,
    ConnectionError,
    RedisDown,
    RedisSlow,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.TooManyConnectionsError,
    asyncpg.OperatorInterventionError,  # statement time-out, shutdown, starting up
    asyncpg.TransactionRollbackError,  # deadlock, serialisation: worth a retry
)
HANDLERS: dict[int | type[Exception], Any] = {
    Refusal: refused,
    ValidationException: invalid,
    HTTPException: framework,
    asyncpg.DataError: unfit,
    Exception: bug,
    **dict.fromkeys(DOWN, down),
}
