"""Bringing files in: checked first without any effect, then committed in one transaction, both by the worker.

File and checked rows wait sealed, because they hold what redaction will hide; they are gone after the commit. For
penalties and ratings the officer who brought the file is not the one who commits it.
"""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.disclosure.catalogue import DATASETS
from domain.disclosure.checking import STOPS
from domain.disclosure.dataset import Dataset
from domain.disclosure.differences import Difference, Preview
from domain.disclosure.fields import Finding
from domain.kernel import audit, crypto, database, leases, settings
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id

CHECK, COMMIT = "import-check", "import-commit"  # kinds of jobs
DROPPABLE = ("waiting", "checked", "failed", "dropped")


class ImportNotReady(Refusal):
    """The import has errors, was committed already, or was dropped."""

    code = "import-not-ready"
    title = Text("该导入不能提交", "The import cannot be committed")
    advice = Text("请先改正 错 和 缺，重新上传后再提交。", "Correct what is wrong or missing and upload again.")


class SecondOfficerNeeded(Refusal):
    """Who brought the file may not commit it."""

    code = "second-officer-needed"
    status = 403
    title = Text("须由另一位操作员提交", "Another officer has to commit this")
    advice = Text("请通知复核人员。", "Ask a colleague.")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the officers see before a commit: rows that would be corrected, texts in which something is hidden."""

    differences: list[Difference] = []
    previews: list[Preview] = []


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """An import as operators see it."""

    id: UUID
    dataset: str
    file_name: str
    source: str
    state: str  # waiting, checking, checked, queued, committing, committed; failed, dropped
    brought_by: UUID
    brought_at: datetime
    rows: int
    done: int
    counts: dict[str, int]
    findings: list[Finding]
    committed_by: UUID | None = None
    committed_at: datetime | None = None
    differences: list[Difference] = []
    previews: list[Preview] = []


async def bring(
    dataset: Dataset, *, content: bytes, file_name: str, source: str, operator: UUID, now: datetime
) -> Import:
    """Takes a file in and asks the worker for its dry run, in the caller's transaction. Nothing public changes."""
    import_id = new_id()
    await database.execute(
        "insert into disclosure_import (id, dataset, file_name, file_hash, sealed_file, source, brought_by, brought_at,"
        " state, done, rows, counts, findings) values ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', 0, 0, '{}', '[]')",
        import_id,
        dataset.name,
        file_name[:200],
        hashlib.sha256(content).digest(),
        ring().seal(content, context=f"import:{import_id}"),
        source,
        operator,
        now,
    )
    await leases.queue(kind=CHECK, subject=f"import:{import_id}", payload={"import": import_id}, now=now)
    return await find(import_id)


def ring() -> crypto.KeyRing:
    """The keys that seal files and previews."""
    return crypto.key_ring(settings.current().seal_keys)


async def commit(import_id: UUID, *, operator: UUID, now: datetime, reason: str | None = None) -> Import:
    """Asks the worker to publish the checked rows, in the caller's transaction.

    Raises `NotFound`, `ImportNotReady`, `SecondOfficerNeeded`.
    """
    row = await database.fetch_row("select * from disclosure_import where id = $1 for update", import_id)
    if row is None:
        raise NotFound
    counts = msgspec.json.decode(row["counts"])
    if row["state"] != "checked" or any(counts.get(kind) for kind in STOPS):
        raise ImportNotReady(facts={"state": row["state"], "counts": counts})
    if DATASETS[row["dataset"]].two_persons and row["brought_by"] == operator:
        raise SecondOfficerNeeded
    await database.execute(
        "update disclosure_import set state = 'queued', committed_by = $2, reason = $3, done = 0 where id = $1",
        import_id,
        operator,
        reason,
    )
    await leases.queue(kind=COMMIT, subject=f"import:{import_id}", payload={"import": import_id}, now=now)
    return await find(import_id)


async def drop(import_id: UUID, *, operator: UUID, now: datetime) -> None:
    """Gives an import up; its sealed rows are deleted. Raises `NotFound` and `ImportNotReady`."""
    row = await database.fetch_row("select state from disclosure_import where id = $1 for update", import_id)
    if row is None:
        raise NotFound
    if row["state"] not in DROPPABLE:
        raise ImportNotReady(facts={"state": row["state"]})
    await database.execute(
        "update disclosure_import set state = 'dropped', sealed_file = null, sealed_preview = null where id = $1",
        import_id,
    )
    await audit.append(actor=f"operator:{operator}", action="import.drop", subject=f"import:{import_id}", at=now)


COLUMNS = (
    "id, dataset, file_name, source, state, brought_by, brought_at, rows, done, counts, findings, committed_by,"
    " committed_at"
)


async def find(import_id: UUID) -> Import:
    """One import with its progress and findings, and with what it would change until it is committed; or `NotFound`."""
    row = await database.fetch_row(f"select {COLUMNS}, sealed_preview from disclosure_import where id = $1", import_id)
    if row is None:
        raise NotFound
    if row["sealed_preview"] is None:
        return _import(row)
    opened = ring().open(row["sealed_preview"], context=f"preview:{import_id}")
    shown = msgspec.json.decode(opened, type=Shown)
    return msgspec.structs.replace(_import(row), differences=shown.differences, previews=shown.previews)


async def latest(*, limit: int = 50) -> list[Import]:
    """The latest imports, newest first, without findings."""
    rows = await database.fetch(
        f"select {COLUMNS.replace('findings', 'null as findings')} from disclosure_import"
        f" order by brought_at desc limit {limit:d}"
    )
    return [_import(row) for row in rows]


def _import(row: Any) -> Import:
    facts = {name: row[name] for name in COLUMNS.split(", ")}
    facts["counts"] = msgspec.json.decode(row["counts"])
    facts["findings"] = msgspec.json.decode(row["findings"] or "[]", type=list[Finding])
    return Import(**facts)
