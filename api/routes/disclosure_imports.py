"""Bringing disclosed data in: template, dry run, commit by a second officer, withdrawal and repair, replies, dues."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.actors import Actor, require_role
from api.open_data.questions import EntryKey, Name
from domain.disclosure import dues, imports, publication, replies, sheets, taking_down
from domain.disclosure.catalogue import DATASETS
from domain.disclosure.dataset import Dataset
from domain.disclosure.dues import Due
from domain.disclosure.imports import Import
from domain.disclosure.replies import WaitingReply
from domain.kernel import clock, database
from domain.kernel.errors import Invalid, NotFound, Text
from domain.kernel.sheets import FILE_BYTES_MAX

BASE = "/v1/operator/disclosure"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CLERKS = ("clerk", "reviewer")
SourceText = Annotated[
    str, QueryParameter(min_length=2, max_length=200, description="Where the data come from: shown with every row")
]
FileName = Annotated[str, QueryParameter(max_length=200, description="The file's name, for people")]


class CommitRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The second officer's decision."""

    reason: Annotated[str, msgspec.Meta(max_length=400, description="Why public rows are corrected; shown")] | None = (
        None
    )


class TakeDownRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an entry leaves the public list."""

    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=400, description="Shown in the entry's history")]


class WithdrawalOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why and since when an entry has to go: the decision was changed, revoked, or found unlawful or void."""

    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=400)]
    ordered_on: date | None = None  # default: today


class ReplyDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a reply is shown, and why."""

    show: bool
    decision: Annotated[str, msgspec.Meta(min_length=2, max_length=400)]


def named(name: str) -> Dataset:
    """The dataset; raises `NotFound`."""
    if name not in DATASETS:
        raise NotFound
    return DATASETS[name]


@get(
    f"{BASE}/{{dataset:str}}/template.xlsx", opt={"audience": "operator"}, tags=["operator"], summary="Import template"
)
async def template(dataset: Name) -> Response[bytes]:
    """An empty spreadsheet with the dataset's columns, choices and explanations."""
    headers = {"Content-Disposition": f'attachment; filename="{named(dataset).name}.xlsx"'}
    return Response(sheets.template(named(dataset)), media_type=XLSX, headers=headers)


@post(
    f"{BASE}/{{dataset:str}}/imports",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="Dry run of an import",
    status_code=202,
    request_max_body_size=FILE_BYTES_MAX,
)
async def bring(
    request: Request[Any, Any, Any],
    operator: NamedDependency[Actor],
    dataset: Name,
    source: SourceText,
    file_name: FileName = "upload",
) -> Import:
    """The body is the file itself (CSV in UTF-8 or GB18030, or XLSX). Nothing becomes public yet.

    The worker checks it; look at the import's address until its state is `checked`: `done` of `rows` tells how far it
    is. Then it has findings per row and column (错 wrong, 缺 missing, 漏 omitted, 警 warning), counts, the difference
    to what is public, and the texts in which personal values will be hidden.
    """
    require_role(operator, *CLERKS)
    chosen, content = named(dataset), await request.body()
    async with database.transaction():
        return await imports.bring(
            chosen,
            content=content,
            file_name=file_name,
            source=source,
            operator=operator.id,
            now=clock.utc_now(),
        )


@get(f"{BASE}/imports", opt={"audience": "operator"}, tags=["operator"], summary="Latest imports")
async def latest() -> list[Import]:
    """The latest imports, newest first."""
    return await imports.latest()


@get(f"{BASE}/imports/{{import_id:uuid}}", opt={"audience": "operator"}, tags=["operator"], summary="One import")
async def one(import_id: FromPath[UUID]) -> Import:
    """One import: its progress, findings and state."""
    return await imports.find(import_id)


@post(
    f"{BASE}/imports/{{import_id:uuid}}/commit",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="Publish a checked import",
    status_code=202,
)
async def commit(operator: NamedDependency[Actor], import_id: FromPath[UUID], data: JSONBody[CommitRequest]) -> Import:
    """The worker publishes the checked rows in one transaction; look at the import until its state is `committed`.

    Penalties and ratings need another officer than the one who brought the file.
    """
    require_role(operator, *CLERKS)
    async with database.transaction():
        return await imports.commit(import_id, operator=operator.id, now=clock.utc_now(), reason=data.reason)


@delete(
    f"{BASE}/imports/{{import_id:uuid}}", opt={"audience": "operator"}, tags=["operator"], summary="Give an import up"
)
async def drop(operator: NamedDependency[Actor], import_id: FromPath[UUID]) -> None:
    """Gives an import up and deletes its rows."""
    require_role(operator, *CLERKS)
    async with database.transaction():
        await imports.drop(import_id, operator=operator.id, now=clock.utc_now())


@post(
    f"{BASE}/{{dataset:str}}/entries/{{key:str}}/withdraw",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="Withdraw an entry",
    status_code=204,
)
async def withdraw(
    operator: NamedDependency[Actor], dataset: Name, key: EntryKey, data: JSONBody[TakeDownRequest]
) -> None:
    """The entry leaves the public list at once; its page says why."""
    require_role(operator, *CLERKS)
    async with database.transaction():
        await publication.take_down(
            named(dataset),
            key,
            state="withdrawn",
            reason=data.reason,
            by=operator.principal,
            now=clock.utc_now(),
        )


@post(
    f"{BASE}/{{dataset:str}}/entries/{{key:str}}/withdrawal-orders",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="Note that an entry has to be withdrawn",
)
async def order_withdrawal(
    operator: NamedDependency[Actor], dataset: Name, key: EntryKey, data: JSONBody[WithdrawalOrder]
) -> Due:
    """Starts the clock of 3 working days; withdrawing the entry stops it. Shown among the dues with its light."""
    require_role(operator, *CLERKS)
    now = clock.utc_now()
    ordered_on = data.ordered_on or clock.local_day(now)
    if ordered_on > clock.local_day(now):
        raise Invalid(Text("日期晚于今天", "The day is in the future"), field="ordered_on")
    async with database.transaction():
        return await dues.order_withdrawal(
            named(dataset), key, reason=data.reason, ordered_on=ordered_on, by=operator.principal, now=now
        )


@post(
    f"{BASE}/{{dataset:str}}/entries/{{key:str}}/repair",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="Repair an entry",
    status_code=204,
)
async def repair(
    operator: NamedDependency[Actor], dataset: Name, key: EntryKey, data: JSONBody[TakeDownRequest]
) -> None:
    """After the shortest period, with conduct corrected and duties done: the entry is no longer shown or used."""
    require_role(operator, "reviewer")
    async with database.transaction():
        await taking_down.repair(named(dataset), key, reason=data.reason, by=operator.principal, now=clock.utc_now())


@get(f"{BASE}/replies", opt={"audience": "operator"}, tags=["operator"], summary="Replies waiting for review")
async def waiting_replies() -> list[WaitingReply]:
    """Replies of parties concerned, oldest first."""
    return await replies.waiting()


@post(
    f"{BASE}/replies/{{reply_id:uuid}}/decide",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="Show or decline a reply",
    status_code=204,
)
async def decide_reply(
    operator: NamedDependency[Actor], reply_id: FromPath[UUID], data: JSONBody[ReplyDecision]
) -> None:
    """Decides once whether a reply is shown beside its entry."""
    require_role(operator, "reviewer")
    async with database.transaction():
        await replies.decide(
            reply_id, show=data.show, operator=operator.id, decision=data.decision, now=clock.utc_now()
        )


@get(f"{BASE}/dues", opt={"audience": "operator"}, tags=["operator"], summary="What has to be published by when")
async def open_dues() -> list[Due]:
    """Open publication duties, the most urgent first, with their light."""
    return await dues.open_dues(today=clock.local_day(clock.utc_now()))


ROUTES = [
    template,
    bring,
    latest,
    one,
    commit,
    drop,
    withdraw,
    order_withdrawal,
    repair,
    waiting_replies,
    decide_reply,
    open_dues,
]
