"""A resident's reports: send, list, follow one through its timeline; the categories to choose from."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api import age_gate
from api.actors import Actor
from api.addresses import client_address
from api.idempotency import REPLAYED, IdempotencyKey
from api.limits import wrong_attempts
from api.pages import Cursor, Limit, Page, decode_cursor, page_of
from api.parts import Parts
from api.problems import Unauthenticated
from api.routes.photos import UploadSession, owner_of
from domain.kernel import clock, database, idempotency
from domain.reports import mine, receipts, submission
from domain.reports.categories import LEAVES, TOPS, UNITS
from domain.reports.drafts import Draft
from domain.reports.mine import ReportLine, ReportView
from domain.reports.submission import ReportReceipt, Submitted
from media.intake import claim_photos

NO_STORE = {"Cache-Control": "no-store"}
IS_REPLAY = {**NO_STORE, REPLAYED: "true"}


class SubCategory(msgspec.Struct, frozen=True, kw_only=True):
    """What a report can name."""

    code: str
    name: str
    name_en: str
    unit: str
    unit_en: str
    post_inspection: bool
    exact_place_is_public: bool


class MainCategory(msgspec.Struct, frozen=True, kw_only=True):
    """A main category with its sub-categories."""

    code: str
    name: str
    name_en: str
    children: list[SubCategory]


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an anonymous reporter kept."""

    number: Annotated[str, msgspec.Meta(min_length=8, max_length=24, examples=["GW-20261121-000137"])]
    code: Annotated[str, msgspec.Meta(min_length=8, max_length=40)]


def _tree() -> list[MainCategory]:
    return [
        MainCategory(
            code=top.code,
            name=top.zh,
            name_en=top.en,
            children=[
                SubCategory(
                    code=leaf.code,
                    name=leaf.zh,
                    name_en=leaf.en,
                    unit=UNITS[leaf.unit].zh,
                    unit_en=UNITS[leaf.unit].en,
                    post_inspection=leaf.post_inspection,
                    exact_place_is_public=leaf.exact_place,
                )
                for leaf in LEAVES
                if leaf.top == top.code
            ],
        )
        for top in TOPS
    ]


@get("/v1/categories", opt={"audience": "public"}, tags=["reports"], summary="What can be reported")
async def categories() -> list[MainCategory]:
    """The tree of categories; a report names a sub-category."""
    return _tree()


@post(
    "/v1/reports",
    opt={"audience": "public"},
    tags=["reports"],
    summary="Send a report",
    status_code=201,
)
async def submit(
    data: JSONBody[Draft],
    request: Request[Any, Any, Any],
    caller: NamedDependency[Actor | None],
    key: IdempotencyKey,
    upload_session: UploadSession = None,
) -> Response[ReportReceipt]:
    """Stores the report durably before answering; a repeated key gets the first answer byte for byte.

    `confidential` and `named` reports need a signed-in resident; `anonymous` ones store no account and answer with a
    receipt code that is shown here and never again.
    """
    print_ = idempotency.fingerprint(method="POST", path="/v1/reports", body=await request.body())
    asked = _request(data, caller, key=key, print_=print_)
    if asked.sender is not None:
        await age_gate.pass_gate(asked.sender)
    if data.photo_ids:
        async with database.transaction():
            done = await submission.submit_report(data, request=asked)
            if not done.replayed:
                subject, owner = f"report:{done.report_id}", owner_of(caller, upload_session)
                await claim_photos(owner=owner, photo_ids=data.photo_ids, subject=subject, now=asked.now)
    else:
        done = await submission.submit_report(data, request=asked)
        database.committed()
    return _created(done)


def _request(data: Draft, caller: Actor | None, *, key: str, print_: bytes) -> submission.Request:
    now = clock.utc_now()
    if data.identity == "anonymous":
        return submission.anonymous_request(data, key=key, print_=print_, now=now)
    if caller is None:
        raise Unauthenticated
    return submission.resident_request(caller.id, data, key=key, print_=print_, now=now)


def _created(done: Submitted) -> Response[Any]:
    headers = IS_REPLAY if done.replayed else NO_STORE
    return Response(done.body, status_code=201, headers=headers, media_type="application/json")


@get("/v1/reports", opt={"audience": "resident"}, tags=["reports"], summary="My reports")
async def my_reports(resident: NamedDependency[Actor], limit: Limit = 20, cursor: Cursor = None) -> Page[ReportLine]:
    """My reports, newest first, each with its present status."""
    position = decode_cursor(cursor, tuple[UUID])
    rows = await mine.lines(resident.id, limit=limit + 1, before=position[0] if position else None)
    return page_of(rows, limit=limit, key=("id",), items=[mine.line(row) for row in rows])


@get("/v1/reports/{report_id:uuid}", opt={"audience": "resident"}, tags=["reports"], summary="My report")
async def my_report(report_id: FromPath[UUID], resident: NamedDependency[Actor]) -> ReportView:
    """One of my reports with its timeline."""
    return await mine.one(resident.id, report_id=report_id)


@post(
    "/v1/receipts/open",
    opt={"audience": "public", "limit": "code"},
    tags=["reports"],
    summary="Open an anonymous report",
    status_code=200,
)
async def open_receipt(
    data: JSONBody[Receipt], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> ReportView:
    """Status and timeline for number and receipt code. Unknown, wrong and foreign codes look the same."""
    address = client_address(request.scope, trusted=parts.settings.trusted_proxies)
    async with wrong_attempts(parts.redis, purpose="receipt", subjects=[address]):
        report_id = await receipts.open_receipt(number=data.number, code=data.code)
    return await mine.of_receipt(report_id)


ROUTES = [categories, submit, my_reports, my_report, open_receipt]
