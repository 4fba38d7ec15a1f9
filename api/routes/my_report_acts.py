"""What a reporter can do with a report of their own: take it back, see who looked at their identity."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from api.addresses import client_address
from api.limits import wrong_attempts
from api.parts import Parts
from api.routes.reports import Receipt
from domain.cases import withdrawing
from domain.kernel import clock, database
from domain.kernel.errors import NotFound
from domain.reports import receipts, reporters, reveals
from domain.reports.reveals import Look

TAGS = ["reports"]


@post(
    "/v1/reports/{report_id:uuid}/withdraw",
    opt={"audience": "resident"},
    tags=TAGS,
    summary="Take a report back",
    status_code=204,
)
async def withdraw(report_id: FromPath[UUID], resident: NamedDependency[Actor]) -> None:
    """Possible until somebody is dispatched. The report leaves the public map; the platform is told."""
    async with database.transaction():
        await withdrawing.withdraw(report_id, account_id=resident.id, now=clock.utc_now())


@post(
    "/v1/receipts/withdraw",
    opt={"audience": "public", "limit": "code"},
    tags=TAGS,
    summary="Take an anonymous report back",
    status_code=204,
)
async def withdraw_by_receipt(
    data: JSONBody[Receipt], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> None:
    """The same with number and receipt code."""
    address = client_address(request.scope, trusted=parts.settings.trusted_proxies)
    async with wrong_attempts(parts.redis, purpose="receipt", subjects=[address]):
        report_id = await receipts.open_receipt(number=data.number, code=data.code)
    async with database.transaction():
        await withdrawing.withdraw(report_id, account_id=None, now=clock.utc_now())


@get(
    "/v1/reports/{report_id:uuid}/looks",
    opt={"audience": "resident"},
    tags=TAGS,
    summary="Who looked at my identity",
)
async def looks(report_id: FromPath[UUID], resident: NamedDependency[Actor]) -> list[Look]:
    """Every opening of the sealed identity behind this report: when, why, by which two officers."""
    if not await reporters.owns(resident.id, report_id=report_id):
        raise NotFound
    return await reveals.looks(report_id)


ROUTES = [withdraw, withdraw_by_receipt, looks]
