"""Bringing files in: checked first without any effect, then committed in one transaction.

The checked rows wait sealed, because they still hold what redaction will hide; they are gone after the commit. For
penalties and ratings the officer who brought the file is not the one who commits it.
"""

import asyncio
import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.disclosure import dues, publication
from domain.disclosure.catalogue import DATASETS
from domain.disclosure.checking import STOPS, Checked, check_rows, columns_of, repeated_keys
from domain.disclosure.dataset import Dataset, Row
from domain.disclosure.differences import Difference, Preview, differences, previews
from domain.disclosure.fields import Finding
from domain.disclosure.publication import Author, Outcome
from domain.disclosure.sheets import Sheet, read_sheet
from domain.kernel import audit, clock, crypto, database, settings
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id

CHUNK = 2_000


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


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """An import as operators see it."""

    id: UUID
    dataset: str
    file_name: str
    source: str
    state: str
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
    """The dry run. Nothing public changes. Opens its own transactions, so that `progress` can be watched."""
    sheet = await asyncio.to_thread(read_sheet, content)
    import_id = new_id()
    await database.execute(
        "insert into disclosure_import (id, dataset, file_name, file_hash, source, brought_by, brought_at, state, done,"
        " rows, counts, findings) values ($1, $2, $3, $4, $5, $6, $7, 'checking', 0, $8, '{}', '[]')",
        import_id,
        dataset.name,
        file_name[:200],
        hashlib.sha256(content).digest(),
        source,
        operator,
        now,
        len(sheet) - 1,
    )
    checked = await _check(dataset, sheet, import_id=import_id, now=now)
    changed, same, new = await differences(dataset, checked.rows)
    checked.counts |= {"new": new, "corrected": len(changed), "unchanged": same}
    await _keep(dataset, import_id, checked, operator=operator, now=now)
    return msgspec.structs.replace(
        await find(import_id), differences=changed[:50], previews=previews(dataset, checked.rows)
    )


async def _check(dataset: Dataset, sheet: Sheet, *, import_id: UUID, now: datetime) -> Checked:
    known = await dataset.known()
    columns, findings = columns_of(dataset, sheet[0])
    checked = Checked(rows=[], numbers=[], findings=[], counts={})
    for finding in findings:
        checked.add(finding)
    for start in range(1, len(sheet), CHUNK):
        await asyncio.to_thread(
            check_rows,
            dataset,
            sheet[start : start + CHUNK],
            columns,
            first=start + 1,
            known=known,
            today=clock.local_day(now),
            into=checked,
        )
        done = min(start + CHUNK, len(sheet)) - 1
        await database.execute("update disclosure_import set done = $2 where id = $1", import_id, done)
    for finding in [*repeated_keys(dataset, checked), *await dataset.expect(checked.rows, known)]:
        checked.add(finding)
    return checked


async def _keep(dataset: Dataset, import_id: UUID, checked: Checked, *, operator: UUID, now: datetime) -> None:
    sealed = _ring().seal(msgspec.json.encode(checked.rows), context=f"import:{import_id}")
    async with database.transaction():
        await database.execute(
            "update disclosure_import set state = 'checked', sealed_file = $2, counts = $3::jsonb,"
            " findings = $4::jsonb, done = rows where id = $1",
            import_id,
            sealed,
            msgspec.json.encode(checked.counts).decode(),
            msgspec.json.encode(checked.findings).decode(),
        )
        await dues.note_rows(dataset, checked.rows)
        await audit.append(
            actor=f"operator:{operator}",
            action="import.check",
            subject=f"import:{import_id}",
            at=now,
            detail={"dataset": dataset.name, "counts": checked.counts},
        )


def _ring() -> crypto.KeyRing:
    return crypto.key_ring(settings.current().seal_keys)


async def commit(import_id: UUID, *, operator: UUID, now: datetime, reason: str | None = None) -> Outcome:
    """Publishes the checked rows in the caller's transaction.

    Raises `NotFound`, `ImportNotReady`, `SecondOfficerNeeded`. Committing what is public already changes nothing.
    """
    row = await database.fetch_row("select * from disclosure_import where id = $1 for update", import_id)
    if row is None:
        raise NotFound
    dataset = DATASETS[row["dataset"]]
    counts = msgspec.json.decode(row["counts"])
    if row["state"] != "checked" or any(counts.get(kind) for kind in STOPS):
        raise ImportNotReady(facts={"state": row["state"], "counts": counts})
    if dataset.two_persons and row["brought_by"] == operator:
        raise SecondOfficerNeeded
    rows: list[Row] = msgspec.json.decode(_ring().open(row["sealed_file"], context=f"import:{import_id}"))
    author = Author(by=f"operator:{operator}", source=row["source"], import_id=import_id, reason=reason)
    outcome = await publication.publish(dataset, rows, author=author, now=now, known=await dataset.known())
    await database.execute(
        "update disclosure_import set state = 'committed', committed_by = $2, committed_at = $3, sealed_file = null"
        " where id = $1",
        import_id,
        operator,
        now,
    )
    return outcome


async def drop(import_id: UUID, *, operator: UUID, now: datetime) -> None:
    """Gives an import up; its sealed rows are deleted. Raises `NotFound` and `ImportNotReady`."""
    row = await database.fetch_row("select state from disclosure_import where id = $1 for update", import_id)
    if row is None:
        raise NotFound
    if row["state"] == "committed":
        raise ImportNotReady(facts={"state": row["state"]})
    await database.execute(
        "update disclosure_import set state = 'dropped', sealed_file = null where id = $1", import_id
    )
    await audit.append(actor=f"operator:{operator}", action="import.drop", subject=f"import:{import_id}", at=now)


COLUMNS = (
    "id, dataset, file_name, source, state, brought_by, brought_at, rows, done, counts, findings, committed_by,"
    " committed_at"
)


async def find(import_id: UUID) -> Import:
    """One import with its findings; raises `NotFound`."""
    row = await database.fetch_row(f"select {COLUMNS} from disclosure_import where id = $1", import_id)
    if row is None:
        raise NotFound
    return _import(row)


async def latest(*, limit: int = 50) -> list[Import]:
    """The latest imports, newest first, without findings."""
    rows = await database.fetch(
        f"select {COLUMNS.replace('findings', 'null as findings')} from disclosure_import"
        f" order by brought_at desc limit {limit:d}"
    )
    return [_import(row) for row in rows]


def _import(row: Any) -> Import:
    facts = dict(row)
    facts["counts"] = msgspec.json.decode(row["counts"])
    facts["findings"] = msgspec.json.decode(row["findings"] or "[]", type=list[Finding])
    return Import(**facts)
