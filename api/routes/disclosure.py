"""Disclosed data: the catalogue and, for every dataset, list, entry, CSV, GeoJSON, Atom and data dictionary."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from api.open_data import formats
from api.open_data.caching import ANSWERS, answer, reading_headers
from api.open_data.questions import EntryKey, dataset_named, parameters_of, question_of, taking
from api.pages import Page, decode_cursor, encode_cursor
from domain.disclosure import reading, replies
from domain.disclosure.catalogue import DATASETS
from domain.disclosure.dataset import Dataset
from domain.disclosure.reading import Version
from domain.disclosure.replies import PublicReply
from domain.kernel import clock, settings

T = TypeVar("T")
PATH = "/v1/disclosure"


class FieldFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a data dictionary."""

    name: str
    label: str
    label_en: str
    kind: str
    required: bool
    derived: bool
    redacted: bool
    searchable: bool
    filter: str
    unit: str
    choices: dict[str, str]


class DatasetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader should know about a dataset."""

    name: str
    title: str
    title_en: str
    about: str
    about_en: str
    cycle: str
    cycle_en: str
    licence: str
    licence_en: str
    source: str
    links: dict[str, str]
    fields: list[FieldFacts]


class Entry(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One entry: what is shown (null once withdrawn), its history, and replies of the party concerned."""

    state: str
    entry: T | None
    history: list[Version]
    replies: list[PublicReply]


def facts_of(dataset: Dataset) -> DatasetFacts:
    """The data dictionary of a dataset."""
    base = f"{settings.current().public_url.rstrip('/')}{PATH}/{dataset.name}"
    links = {"list": base, "csv": f"{base}.csv", "atom": f"{base}.atom", "dictionary": f"{base}/dictionary"}
    if dataset.place:
        links["geojson"] = f"{base}.geojson"
    return DatasetFacts(
        name=dataset.name,
        title=dataset.title.zh,
        title_en=dataset.title.en,
        about=dataset.about.zh,
        about_en=dataset.about.en,
        cycle=dataset.cycle.zh,
        cycle_en=dataset.cycle.en,
        licence=dataset.licence.zh,
        licence_en=dataset.licence.en,
        source=dataset.source.zh,
        links=links,
        fields=[
            FieldFacts(
                name=field.name,
                label=field.label.zh,
                label_en=field.label.en,
                kind=field.kind,
                required=field.required,
                derived=field.derived,
                redacted=field.redact,
                searchable=field.search,
                filter=field.filter,
                unit=field.unit,
                choices={code: label.zh for code, label in field.choices.items()},
            )
            for field in dataset.shown_fields
        ],
    )


@get(PATH, opt={"audience": "public"}, tags=["disclosure"], summary="The catalogue of disclosed data")
async def catalogue() -> list[DatasetFacts]:
    """Every dataset with its fields, cycle, licence and addresses."""
    return [facts_of(dataset) for dataset in DATASETS.values()]


@get(
    [f"{PATH}/{name}/dictionary" for name in DATASETS],
    opt={"audience": "public"},
    tags=["disclosure"],
    summary="Data dictionary",
)
async def dictionary(request: Request[Any, Any, Any]) -> DatasetFacts:
    """The fields of a dataset, their meaning, units and choices."""
    return facts_of(dataset_named(DATASETS, request.scope["path"].removesuffix("/dictionary"), suffix=""))


async def page_body(dataset: Dataset, given: dict[str, Any], *, today: date) -> bytes:
    """One page as JSON, put together from the stored rows."""
    limit, after = given["limit"], decode_cursor(given["cursor"], tuple[str, UUID])
    rows = await reading.page(dataset, question_of(dataset, given, today=today), limit=limit + 1, after=after)
    more = len(rows) > limit
    last = encode_cursor(rows[limit - 1]["sort_key"], rows[limit - 1]["id"]) if more else None
    items = ",".join(row["public_json"] for row in rows[:limit])
    return f'{{"items":[{items}],"next":{msgspec.json.encode(last).decode()}}}'.encode()


def list_route(dataset: Dataset) -> HTTPRouteHandler:
    """`GET /v1/disclosure/{name}` with the dataset's own filters and row type."""

    async def listed(request: Request[Any, Any, Any], **given: Any) -> Any:
        today = clock.local_day(clock.utc_now())
        return await answer(request, dataset=dataset, today=today, make=lambda: page_body(dataset, given, today=today))

    row: Any = dataset.public_type
    return get(
        f"{PATH}/{dataset.name}",
        opt={"audience": "public"},
        tags=["disclosure"],
        summary=dataset.title.en,
        description=dataset.about.en,
        operation_id=f"List{row.__name__}",
    )(taking(listed, parameters_of(dataset), answer=Response[Page[row]]))


def entry_route(dataset: Dataset) -> HTTPRouteHandler:
    """`GET /v1/disclosure/{name}/{key}`."""
    row: Any = dataset.public_type

    async def entry(request: Request[Any, Any, Any], key: EntryKey) -> Response[Entry[row]]:
        """One entry with its history and the replies beside it."""
        today = clock.local_day(clock.utc_now())
        return await answer(request, dataset=dataset, today=today, make=lambda: entry_body(dataset, key, today=today))

    return get(
        f"{PATH}/{dataset.name}/{{key:str}}",
        opt={"audience": "public"},
        tags=["disclosure"],
        summary=f"{dataset.title.en}: one entry",
        operation_id=f"Read{row.__name__}",
    )(entry)


async def entry_body(dataset: Dataset, key: str, *, today: date) -> bytes:
    """The entry as JSON; raises `NotFound` unless it is shown or was withdrawn."""
    history = await reading.history(dataset, key, today=today)
    shown = await reading.one(dataset, key, today=today) if history[0].state == "public" else None
    return msgspec.json.encode(
        Entry(
            state=history[0].state,
            entry=msgspec.Raw(shown.encode()) if shown is not None else None,
            history=history,
            replies=await replies.shown_beside(dataset.name, key),
        )
    )


async def _stream(
    request: Request[Any, Any, Any], dataset: Dataset, parts: AsyncIterator[bytes], *, media_type: str
) -> Stream:
    today = clock.local_day(clock.utc_now())
    target = f"{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"
    headers = reading_headers(dataset, stamp=await ANSWERS.stamp(dataset), today=today, target=target)
    suffix = request.scope["path"].rsplit(".", 1)[-1]
    headers["Content-Disposition"] = f'attachment; filename="{dataset.name}.{suffix}"'
    return Stream(parts, headers=headers, media_type=media_type)


def file_routes(dataset: Dataset) -> list[HTTPRouteHandler]:
    """CSV and, where rows have a place, GeoJSON: whole lists, streamed, with the same filters."""
    parameters = parameters_of(dataset, paged=False)

    async def as_csv(request: Request[Any, Any, Any], **given: Any) -> Any:
        question = question_of(dataset, given, today=clock.local_day(clock.utc_now()))
        return await _stream(request, dataset, formats.csv_lines(dataset, question), media_type="text/csv")

    async def as_geojson(request: Request[Any, Any, Any], **given: Any) -> Any:
        question = question_of(dataset, given, today=clock.local_day(clock.utc_now()))
        parts = formats.geojson_parts(dataset, question)
        return await _stream(request, dataset, parts, media_type="application/geo+json")

    made = []
    for suffix, handler in (("csv", as_csv), ("geojson", as_geojson)):
        if suffix == "csv" or dataset.place:
            decorate = get(
                f"{PATH}/{dataset.name}.{suffix}",
                opt={"audience": "public"},
                tags=["disclosure"],
                summary=f"{dataset.title.en} as {suffix}",
                description=f"{dataset.about.en} The whole list as a file.",
                operation_id=f"{suffix.title()}{dataset.public_type.__name__}",
            )
            made.append(decorate(taking(handler, parameters, answer=Stream)))
    return made


@get([f"{PATH}/{name}.atom" for name in DATASETS], opt={"audience": "public"}, tags=["disclosure"], summary="Changes")
async def feed(request: Request[Any, Any, Any]) -> Response[str]:
    """Publications, corrections and take-downs, newest first, as an Atom feed."""
    dataset = dataset_named(DATASETS, request.scope["path"], suffix=".atom")
    now = clock.utc_now()
    today = clock.local_day(now)

    async def make() -> bytes:
        rows = await reading.changes(dataset, today=today)
        updated = rows[0]["recorded_at"] if rows else now
        return formats.atom_feed(dataset, rows, public_url=settings.current().public_url, updated=updated)

    return await answer(request, dataset=dataset, today=today, make=make, media_type="application/atom+xml")


ROUTES = [
    catalogue,
    dictionary,
    feed,
    *(list_route(dataset) for dataset in DATASETS.values()),
    *(entry_route(dataset) for dataset in DATASETS.values()),
    *(route for dataset in DATASETS.values() for route in file_routes(dataset)),
]
