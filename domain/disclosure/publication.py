"""Storing public rows: publish, correct, withdraw, repair. One transaction, given by the caller.

A row that says the same as the current version changes nothing, so bringing a file twice is harmless.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

import msgspec

from domain.disclosure.bigrams import grams_of
from domain.disclosure.dataset import Dataset, Row
from domain.disclosure.events import EntryPublished, EntryTakenDown
from domain.kernel import audit, clock, database, outbox
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id
from domain.kernel.redaction import Subject, redact

BLOCK = 2_000  # rows per statement: far below the statement time-out, and the event loop stays alive
ROWS_AT_ONCE = 50  # fewer are not worth a thread
EVENTS_MAX = 1_000  # a bulk import tells readers by the feed; single facts are events
COLUMNS = (
    "id", "key", "version", "state", "reason", "recorded_at", "shown_from", "shown_until", "sort_key", "search_text",
    "grams", "public_json", "content_hash", "source", "recorded_by", "import_id",
)  # fmt: skip


class AlreadyTakenDown(Refusal):
    """The entry is not public any more."""

    code = "entry-not-public"
    title = Text("该条目已不再公示", "The entry is no longer public")
    advice = Text("请刷新后查看其历史。", "Reload and look at its history.")


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who publishes, from which source document, and why when something is corrected."""

    by: str  # operator:<uuid> | system
    source: str
    import_id: UUID | None = None
    reason: str | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows were new, corrected, the same as before."""

    new: int = 0
    corrected: int = 0
    unchanged: int = 0


class Current(msgspec.Struct, frozen=True):
    """The current version of a key."""

    id: UUID
    version: int
    content_hash: bytes
    shown_from: date
    state: str


def content_hash(row: Row) -> bytes:
    """SHA-256 of what was said, before redaction and without provenance."""
    return hashlib.sha256(msgspec.json.encode(row, order="deterministic")).digest()


@lru_cache(maxsize=20_000)
def _safe(text: str, *, subject: Subject, names: tuple[str, ...]) -> str:
    """The redacted text; legal bases and stock phrases repeat a thousandfold in one import."""
    return redact(text, subject=subject, names=names).text


def private_names(dataset: Dataset, row: Row) -> tuple[str, ...]:
    """Persons named in private fields: hidden wherever they occur."""
    return tuple(str(row[f.name]) for f in dataset.fields if f.private and f.name.endswith("_name") and row.get(f.name))


def public_row(dataset: Dataset, row: Row) -> Row:
    """The shown fields of a row, free text redacted. Private fields only feed the redaction."""
    names = private_names(dataset, row)
    subject: Subject = "person" if dataset.subject(row) == "person" else "company"
    shown: Row = {}
    for field in dataset.shown_fields:
        value = row.get(field.name)
        if value is not None:
            shown[field.name] = _safe(value, subject=subject, names=names) if field.redact else value
    return shown


async def current_versions(dataset: Dataset, keys: Sequence[str]) -> dict[str, Current]:
    """The current version of those of the keys that exist."""
    rows = await database.fetch(
        f"select key, id, version, content_hash, shown_from, state from {dataset.tablename}"
        " where superseded_at is null and key = any($1)",
        list(keys),
    )
    return {
        row["key"]: Current(row["id"], row["version"], row["content_hash"], row["shown_from"], row["state"])
        for row in rows
    }


async def publish(
    dataset: Dataset,
    rows: Sequence[Row],
    *,
    author: Author,
    now: datetime,
    known: Any = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> Outcome:
    """Stores new and changed rows as versions; of one key the last row wins. Tells about each, up to `EVENTS_MAX`.

    `progress` hears how many rows are done.
    """
    by_key = {dataset.key_of(row): row for row in rows}
    new = corrected = done = 0
    told: list[Mapping[str, Any]] = []
    make = partial(_records, dataset, author=author, now=now, known=known)
    async for records, current, size in _made_ahead(dataset, by_key, make):
        replaced = [current[record["key"]].id for record in records if record["key"] in current]
        if records:
            await _store(dataset, records, replaced, now=now)
        new += len(records) - len(replaced)
        corrected += len(replaced)
        told += [{"key": record["key"], "version": record["version"], "case_number": record.get("case_number")}
                 for record in records]  # fmt: skip
        done += size
        progress(done)
    if told:
        await stamp(dataset, now=now)
        await _tell(dataset, told, author=author, now=now)
    return Outcome(new=new, corrected=corrected, unchanged=len(by_key) - len(told))


Records = list[Mapping[str, Any]]
Make = Callable[[Mapping[str, Row], Mapping[str, "Current"]], Records]


async def _made_ahead(
    dataset: Dataset, rows: Mapping[str, Row], make: Make
) -> AsyncIterator[tuple[Records, Mapping[str, "Current"], int]]:
    """(versions to store, the current ones, rows looked at) by block; the next block is made while one is stored."""
    keys = list(rows)
    ahead: tuple[asyncio.Future[Records], Mapping[str, Current], int] | None = None
    try:
        for start in range(0, len(keys), BLOCK):
            block = {key: rows[key] for key in keys[start : start + BLOCK]}
            current = await current_versions(dataset, list(block))
            if len(keys) <= ROWS_AT_ONCE:
                yield make(block, current), current, len(block)
                continue
            following = asyncio.ensure_future(asyncio.to_thread(make, block, current)), current, len(block)
            if ahead is not None:
                yield await ahead[0], ahead[1], ahead[2]
            ahead = following
        if ahead is not None:
            yield await ahead[0], ahead[1], ahead[2]
    finally:
        if ahead is not None:
            ahead[0].cancel()


def _records(
    dataset: Dataset,
    block: Mapping[str, Row],
    current: Mapping[str, Current],
    *,
    author: Author,
    now: datetime,
    known: Any,
) -> list[Mapping[str, Any]]:
    """The versions to store: what says the same as the current public version is left out."""
    made = []
    for key, row in block.items():
        before, digest = current.get(key), content_hash(row)
        if before is None or before.content_hash != digest or before.state != "public":
            complete = dataset.derive(row, known)
            made.append(_record(dataset, key, complete, digest, before=before, author=author, now=now))
    return made


def _record(
    dataset: Dataset, key: str, row: Row, digest: bytes, *, before: Current | None, author: Author, now: datetime
) -> Mapping[str, Any]:
    today = clock.local_day(now)
    shown = dataset.shown(row, before.shown_from if before is not None else today)
    public = public_row(dataset, row)
    meta = {
        "key": key,
        "version": before.version + 1 if before is not None else 1,
        "published_at": now.isoformat(),
        "shown_from": shown.since.isoformat(),
        "shown_until": shown.until.isoformat() if shown.until else None,
        "source": author.source,
    }
    checked = msgspec.convert(meta | public, dataset.public_type)
    searched = "\n".join(str(public[f.name]) for f in dataset.shown_fields if f.search and f.name in public).lower()
    return {
        "id": new_id(),
        "key": key,
        "version": meta["version"],
        "state": "public",
        "reason": author.reason if before is not None else None,
        "recorded_at": now,
        "shown_from": shown.since,
        "shown_until": shown.until,
        "sort_key": str(row.get(dataset.order) or "")[:80],
        "search_text": searched,
        "grams": grams_of(searched),
        "public_json": msgspec.json.encode(checked).decode(),
        "content_hash": digest,
        "source": author.source,
        "recorded_by": author.by,
        "import_id": author.import_id,
    } | {field.name: _column(field.kind, row.get(field.name)) for field in dataset.filters}


def _column(kind: str, value: Any) -> Any:
    if kind == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    return value


async def _store(
    dataset: Dataset, records: Sequence[Mapping[str, Any]], replaced: Sequence[UUID], *, now: datetime
) -> None:
    if replaced:
        await database.execute(
            f"update {dataset.tablename} set superseded_at = $2 where id = any($1)", list(replaced), now
        )
    columns = [*COLUMNS, *(field.name for field in dataset.filters)]
    async with database.connection() as connection:
        await connection.copy_records_to_table(
            dataset.tablename, columns=columns, records=[[record[c] for c in columns] for record in records]
        )


async def stamp(dataset: Dataset, *, now: datetime) -> None:
    """Marks the dataset as changed: cached answers and ETags made before are void."""
    await database.execute(
        "insert into disclosure_stamp (dataset, changes, changed_at) values ($1, 1, $2) on conflict (dataset)"
        " do update set changes = disclosure_stamp.changes + 1, changed_at = excluded.changed_at",
        dataset.name,
        now,
    )


async def _tell(dataset: Dataset, records: Sequence[Mapping[str, Any]], *, author: Author, now: datetime) -> None:
    for record in records[:EVENTS_MAX]:
        await outbox.record(
            EntryPublished(dataset=dataset.name, key=record["key"], version=record["version"],
                           case=record.get("case_number")),
            at=now,
        )  # fmt: skip
    await audit.append(
        actor=author.by,
        action="disclosure.publish",
        subject=f"dataset:{dataset.name}",
        at=now,
        detail={"rows": len(records), "import": author.import_id, "source": author.source},
    )


async def take_down(dataset: Dataset, key: str, *, state: str, reason: str, by: str, now: datetime) -> None:
    """Withdraws or repairs an entry (`state`): it leaves the public list at once, its history keeps the reason.

    Raises `NotFound` and `AlreadyTakenDown`.
    """
    row = await database.fetch_row(
        f"select * from {dataset.tablename} where key = $1 and superseded_at is null for update", key
    )
    if row is None:
        raise NotFound
    if row["state"] != "public":
        raise AlreadyTakenDown
    record = {name: row[name] for name in [*COLUMNS, *(field.name for field in dataset.filters)]} | {
        "id": new_id(),
        "version": row["version"] + 1,
        "state": state,
        "reason": reason,
        "recorded_at": now,
        "recorded_by": by,
        "import_id": None,
    }
    await _store(dataset, [record], [row["id"]], now=now)
    await stamp(dataset, now=now)
    await outbox.record(EntryTakenDown(dataset=dataset.name, key=key, state=state), at=now)
    await audit.append(
        actor=by, action=f"disclosure.{state}", subject=f"{dataset.name}:{key}"[:120], at=now, detail={"reason": reason}
    )
