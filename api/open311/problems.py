"""Errors in the standard's own shape: a list of code and description, in the format the path asks for."""

from typing import Any, NamedTuple

from litestar import Request, Response
from litestar.exceptions import HTTPException

from api.open311 import wire
from api.problems import DOWN, framework
from domain.kernel.errors import Refusal

NOT_FOUND, FORBIDDEN, BAD_REQUEST, TOO_MANY, UNAVAILABLE = 404, 403, 400, 429, 503


class Fault(NamedTuple):
    """One thing that is wrong with a request."""

    code: int  # the HTTP status it stands for
    description: str


class Refused(Exception):
    """A request cannot be fulfilled; every fault is told at once."""

    def __init__(self, *faults: Fault) -> None:
        """At least one fault."""
        super().__init__("; ".join(fault.description for fault in faults))
        self.faults = faults

    @property
    def status(self) -> int:
        """403 before 404 before 400."""
        codes = {fault.code for fault in self.faults}
        return next((code for code in (FORBIDDEN, NOT_FOUND) if code in codes), self.faults[0].code)


def suffix_of(path: str) -> str | None:
    """`xml` or `json` as the path asks, or None."""
    suffix = path.rpartition(".")[2]
    return suffix if suffix in wire.MEDIA_TYPES else None


def render(
    request: Request[Any, Any, Any], refused: Refused, *, headers: dict[str, str] | None = None
) -> Response[Any]:
    """The error document; XML when the path names no format."""
    suffix = suffix_of(request.scope["path"]) or "xml"
    tree = [{"code": str(fault.code), "description": fault.description} for fault in refused.faults]
    sent = {"Cache-Control": "no-store", **(headers or {})}
    return wire.answer(suffix, root="errors", tree=tree, status=refused.status, headers=sent)


def of_refusal(request: Request[Any, Any, Any], refusal: Refusal) -> Response[Any]:
    """A business "no" of the house."""
    said = refusal.detail or refusal.title
    code = refusal.status if refusal.status in {FORBIDDEN, NOT_FOUND, TOO_MANY, UNAVAILABLE, 409} else BAD_REQUEST
    headers = {"Retry-After": str(refusal.retry_after_s)} if refusal.retry_after_s is not None else None
    return render(request, Refused(Fault(code, f"{said.zh} / {said.en}")), headers=headers)


def of_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What the framework refused."""
    code = error.status_code if error.status_code in {FORBIDDEN, NOT_FOUND, 405, 413, TOO_MANY} else BAD_REQUEST
    said = {NOT_FOUND: "不存在 / not found", 405: "不支持该请求方法 / this method is not offered here"}
    fault = Fault(code, said.get(code, "请求无法处理 / the request cannot be read"))
    return render(request, Refused(fault), headers=dict(error.headers or {}))


def of_no_route(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What no route took: errors under /open311 have the standard's shape there, too; others that of the house."""
    if request.scope["path"].startswith("/open311/"):
        return of_framework(request, error)
    return framework(request, error)


def of_outage(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A part is down."""
    return render(request, Refused(Fault(UNAVAILABLE, "服务暂不可用 / temporarily unavailable")))


HANDLERS: dict[int | type[Exception], Any] = {
    Refused: render,
    Refusal: of_refusal,
    HTTPException: of_framework,
    **dict.fromkeys(DOWN, of_outage),
}
