"""The right of reply: what a penalised or rated party says beside its entry, as delegate or through a signed link."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.actors import Actor, require_role
from api.idempotency import IdempotencyKey, once
from api.open_data.questions import EntryKey, Name
from domain.disclosure import reading, replies
from domain.disclosure.catalogue import DATASETS
from domain.disclosure.dataset import Dataset
from domain.disclosure.replies import TEXT_CHARS_MAX, TOKEN_CHARS, ReplyLink
from domain.enterprises import delegates
from domain.kernel import audit, clock, database
from domain.kernel.errors import NotFound

ENTRIES = [f"/v1/disclosure/{name}/{{key:str}}/replies" for name, dataset in DATASETS.items() if dataset.due_process]
BY_LINK = [f"{path}/by-link" for path in ENTRIES]
Token = Annotated[str, QueryParameter(min_length=TOKEN_CHARS, max_length=TOKEN_CHARS, description="Of the signed link")]
Until = Annotated[date, QueryParameter(description="Of the signed link")]


class ReplyText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the party says."""

    text: Annotated[str, msgspec.Meta(min_length=2, max_length=TEXT_CHARS_MAX)]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """The reply waits for an officer; then it is shown beside the entry."""

    id: UUID


def contested(name: str) -> Dataset:
    """A dataset with due process; raises `NotFound` for every other one."""
    dataset = DATASETS.get(name)
    if dataset is None or not dataset.due_process:
        raise NotFound
    return dataset


def dataset_of(request: Request[Any, Any, Any]) -> Dataset:
    """The dataset of a path such as `/v1/disclosure/penalties/…`: each has paths of its own."""
    return DATASETS[request.scope["path"].split("/")[3]]


async def shown_entry(dataset: Dataset, key: str) -> dict[str, Any]:
    """The entry as shown today; raises `NotFound`."""
    found: dict[str, Any] = msgspec.json.decode(await reading.one(dataset, key, today=clock.local_day(clock.utc_now())))
    return found


@post(ENTRIES, opt={"audience": "resident"}, tags=["disclosure"], summary="Reply to an entry about my enterprise")
async def reply(
    request: Request[Any, Any, Any],
    resident: NamedDependency[Actor],
    key: EntryKey,
    idempotency_key: IdempotencyKey,
    data: JSONBody[ReplyText],
) -> Response[Given]:
    """Only a verified delegate of the enterprise named in the entry; for everybody else there is nothing here."""
    chosen, now = dataset_of(request), clock.utc_now()

    async def work() -> Given:
        entry = await shown_entry(chosen, key)
        await delegates.require(entry.get("credit_code") or "", account=resident.id)
        made = await replies.give(chosen.name, key, text=data.text, by=f"delegate:{resident.id}", now=now)
        return Given(id=made)

    async with database.transaction():
        return await once(request, actor=resident, key=idempotency_key, now=now, work=work)


@post(
    "/v1/operator/disclosure/{dataset:str}/entries/{key:str}/reply-link",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="A link through which the party replies",
)
async def link(operator: NamedDependency[Actor], dataset: Name, key: EntryKey) -> ReplyLink:
    """For a party without an account, to be served with the decision. Whoever holds it may reply for 30 days."""
    require_role(operator, "clerk", "reviewer")
    chosen, now = contested(dataset), clock.utc_now()
    await shown_entry(chosen, key)
    async with database.transaction():
        subject = f"{chosen.name}:{key}"[:120]
        await audit.append(actor=operator.principal, action="reply.link", subject=subject, at=now)
    return replies.link_for(chosen.name, key, today=clock.local_day(now))


@get(BY_LINK, opt={"audience": "public"}, tags=["disclosure"], summary="Open a reply link")
async def opened(
    request: Request[Any, Any, Any], key: EntryKey, token: Token, until: Until
) -> Response[dict[str, Any]]:
    """The entry one may reply to, as everybody sees it."""
    chosen = dataset_of(request)
    replies.require_link(chosen.name, key, token=token, until=until, today=clock.local_day(clock.utc_now()))
    return Response(await shown_entry(chosen, key), headers={"Cache-Control": "no-store"})


@post(BY_LINK, opt={"audience": "public"}, tags=["disclosure"], summary="Reply through a link")
async def reply_by_link(
    request: Request[Any, Any, Any], key: EntryKey, token: Token, until: Until, data: JSONBody[ReplyText]
) -> Given:
    """Stored for an officer's review, personal values hidden."""
    chosen, now = dataset_of(request), clock.utc_now()
    replies.require_link(chosen.name, key, token=token, until=until, today=clock.local_day(now))
    async with database.transaction():
        await shown_entry(chosen, key)
        by = f"link:{chosen.name}:{key}"[: replies.GIVER_CHARS_MAX]
        return Given(id=await replies.give(chosen.name, key, text=data.text, by=by, now=now))


ROUTES = [reply, link, opened, reply_by_link]
