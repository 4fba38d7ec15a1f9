"""The worker's side of imports: checking a file, publishing the checked rows; both with visible progress.

Nothing public changes while a file is checked. Publishing is one transaction: all rows or none.
"""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.disclosure import dues, publication
from domain.disclosure.catalogue import DATASETS
from domain.disclosure.checking import Checked, check_rows, columns_of, repeated_keys
from domain.disclosure.dataset import Dataset, Row
from domain.disclosure.differences import differences, previews
from domain.disclosure.fields import Finding
from domain.disclosure.imports import CHECK, COMMIT, Shown, ring
from domain.disclosure.publication import Author
from domain.kernel import audit, beats, clock, database
from domain.kernel.beats import Progress
from domain.kernel.leases import Done, Job, Outcome, Sender
from domain.kernel.sheets import FileUnreadable, Sheet, read_sheet

CHUNK = 2_000
DIFFERENCES_SHOWN = 50
WAITS_S = (30.0, 60.0, 120.0)
TABLE = "disclosure_import"


async def check(job: Job) -> Outcome:
    """The dry run of one import."""
    row = await beats.take(TABLE, UUID(job.payload["import"]), waiting="waiting", running="checking")
    if row is None:
        return Done("not waiting for a check")
    async with beats.beating(TABLE, row["id"]) as progress:
        dataset, now = DATASETS[row["dataset"]], clock.utc_now()
        content = ring().open(row["sealed_file"], context=f"import:{row['id']}")
        try:
            sheet = await asyncio.to_thread(read_sheet, content)
        except FileUnreadable as refusal:
            await _fail(row["id"], refusal)
            return Done("unreadable")
        await database.execute("update disclosure_import set rows = $2 where id = $1", row["id"], len(sheet) - 1)
        checked = await _check(dataset, sheet, progress=progress, now=now)
        changed, same, new = await differences(dataset, checked.rows)
        checked.counts |= {"new": new, "corrected": len(changed), "unchanged": same}
        found = await asyncio.to_thread(previews, dataset, checked.rows)
        shown = Shown(differences=changed[:DIFFERENCES_SHOWN], previews=found)
        await _keep(dataset, row, checked, shown=shown, now=now)
    return Done("checked")


async def _check(dataset: Dataset, sheet: Sheet, *, progress: Progress, now: datetime) -> Checked:
    known = await dataset.known()
    columns, findings = columns_of(dataset, sheet[0])
    checked = Checked(rows=[], numbers=[], findings=[], counts={})
    for finding in findings:
        checked.add(finding)
    today = clock.local_day(now)
    for start in range(1, len(sheet), CHUNK):
        chunk = sheet[start : start + CHUNK]
        await asyncio.to_thread(
            check_rows, dataset, chunk, columns, first=start + 1, known=known, today=today, into=checked
        )
        progress.set(min(start + CHUNK, len(sheet)) - 1)
    for finding in [*repeated_keys(dataset, checked), *await dataset.expect(checked.rows, known)]:
        checked.add(finding)
    return checked


async def _fail(import_id: UUID, refusal: FileUnreadable) -> None:
    text = refusal.detail or refusal.title
    finding = Finding(kind="错", row=0, column="文件", message=text.zh)
    await database.execute(
        "update disclosure_import set state = 'failed', sealed_file = null, counts = $2::jsonb, findings = $3::jsonb"
        " where id = $1",
        import_id,
        msgspec.json.encode({finding.kind: 1}).decode(),
        msgspec.json.encode([finding]).decode(),
    )


async def _keep(dataset: Dataset, row: Any, checked: Checked, *, shown: Shown, now: datetime) -> None:
    import_id = row["id"]
    async with database.transaction():
        await database.execute(
            "update disclosure_import set state = 'checked', sealed_file = $2, sealed_preview = $3, counts = $4::jsonb,"
            " findings = $5::jsonb, done = rows where id = $1 and state = 'checking'",
            import_id,
            ring().seal(msgspec.json.encode(checked.rows), context=f"import:{import_id}"),
            ring().seal(msgspec.json.encode(shown), context=f"preview:{import_id}"),
            msgspec.json.encode(checked.counts).decode(),
            msgspec.json.encode(checked.findings).decode(),
        )
        await dues.note_rows(dataset, checked.rows)
        await audit.append(
            actor=f"operator:{row['brought_by']}",
            action="import.check",
            subject=f"import:{import_id}",
            at=now,
            detail={"dataset": dataset.name, "counts": checked.counts},
        )


async def publish(job: Job) -> Outcome:
    """Publishes the checked rows in one transaction. What is public already changes nothing."""
    row = await beats.take(TABLE, UUID(job.payload["import"]), waiting="queued", running="committing")
    if row is None:
        return Done("not waiting for its commit")
    async with beats.beating(TABLE, row["id"]) as progress:
        dataset, now = DATASETS[row["dataset"]], clock.utc_now()
        rows: list[Row] = msgspec.json.decode(ring().open(row["sealed_file"], context=f"import:{row['id']}"))
        by = f"operator:{row['committed_by']}"
        author = Author(by=by, source=row["source"], import_id=row["id"], reason=row["reason"])
        known = await dataset.known()
        async with database.transaction():
            done = await publication.publish(dataset, rows, author=author, now=now, known=known, progress=progress.set)
            counts = msgspec.json.decode(row["counts"]) | msgspec.structs.asdict(done)
            ours = await database.execute(
                "update disclosure_import set state = 'committed', committed_at = $2, sealed_file = null,"
                " sealed_preview = null, counts = $3::jsonb, done = rows where id = $1 and state = 'committing'",
                row["id"],
                now,
                msgspec.json.encode(counts).decode(),
            )
            if ours != "UPDATE 1":
                raise RuntimeError("the import was taken over by another worker")
    return Done(f"published {done.new + done.corrected}")


async def _died(job: Job, note: str) -> None:
    """Nobody will try again: the officers see that it failed; a failed commit left nothing behind."""
    await database.execute(
        "update disclosure_import set state = 'failed' where id = $1 and state = any($2)",
        UUID(job.payload["import"]),
        ["waiting", "checking", "queued", "committing"],
    )


SENDERS = {
    CHECK: Sender(send=check, waits_s=WAITS_S, died=_died),
    COMMIT: Sender(send=publish, waits_s=WAITS_S, died=_died),
}
