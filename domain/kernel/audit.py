"""The audit trail: appended with the act, sealed into a hash chain afterwards.

Sealing stops at the oldest running transaction, so a row whose id was taken early and committed late is never skipped.
Each block's hash covers the block before it and the canonical JSON of its rows.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from domain.kernel import database

SEAL_ROWS_MAX = 5_000
GENESIS = bytes(32)


async def append(*, actor: str, action: str, subject: str, at: datetime, detail: object | None = None) -> None:
    """One row in the caller's transaction. `actor` and `detail` never hold a personal value."""
    await database.execute(
        "insert into audit_entry (at, actor, action, subject, detail) values ($1, $2, $3, $4, $5::jsonb)",
        at,
        actor,
        action,
        subject,
        msgspec.json.encode(detail if detail is not None else {}).decode(),
    )


def block_hash(previous: bytes, rows: Sequence[Any]) -> bytes:
    """SHA-256 over the previous hash and every row (id, at, actor, action, subject, detail) in id order."""
    digest = hashlib.sha256(previous)
    for row in rows:
        digest.update(row_hash(row))
    return digest.digest()


def row_hash(row: Any) -> bytes:
    """SHA-256 over the canonical JSON of one row."""
    fields = [row["id"], row["at"], row["actor"], row["action"], row["subject"], msgspec.json.decode(row["detail"])]
    return hashlib.sha256(msgspec.json.encode(fields, order="deterministic")).digest()


ROWS = "select id, at, actor, action, subject, detail from audit_entry"


async def seal(*, now: datetime) -> int:
    """Seals up to `SEAL_ROWS_MAX` settled rows as one block; returns how many. One sealer at a time."""
    if not await database.fetch_value("select pg_try_advisory_xact_lock(hashtextextended('audit-seal', 0))"):
        return 0
    rows = await database.fetch(
        f"{ROWS} where seal is null and xid < pg_snapshot_xmin(pg_current_snapshot()) order by id limit $1",
        SEAL_ROWS_MAX,
    )
    if not rows:
        return 0
    previous = await database.fetch_value("select hash from audit_seal order by id desc limit 1") or GENESIS
    block: int = await database.fetch_value(
        "insert into audit_seal (rows, last_entry, hash, previous, sealed_at) values ($1, $2, $3, $4, $5) returning id",
        len(rows),
        rows[-1]["id"],
        block_hash(previous, rows),
        previous,
        now,
    )
    await database.execute(
        "update audit_entry a set seal = $1, row_hash = n.hash from unnest($2::bigint[], $3::bytea[]) as n(id, hash)"
        " where a.id = n.id",
        block,
        [row["id"] for row in rows],
        [row_hash(row) for row in rows],
    )
    return len(rows)


async def first_broken_block() -> int | None:
    """Re-computes the whole chain; the id of the first block that does not match, or None."""
    previous = GENESIS
    for block in await database.fetch("select id, rows, hash, previous from audit_seal order by id"):
        rows = await database.fetch(f"{ROWS} where seal = $1 order by id", block["id"])
        if block["previous"] != previous or len(rows) != block["rows"] or block_hash(previous, rows) != block["hash"]:
            return int(block["id"])
        previous = block["hash"]
    return None


async def first_bad_row(block: int) -> str:
    """What is wrong inside a block that does not match: a changed row by its id, else missing rows or the block."""
    rows = await database.fetch(
        "select id, at, actor, action, subject, detail, row_hash from audit_entry where seal = $1 order by id", block
    )
    changed = next((row["id"] for row in rows if row["row_hash"] != row_hash(row)), None)
    if changed is not None:
        return f"audit row {changed} was changed"
    sealed: int = await database.fetch_value("select rows from audit_seal where id = $1", block)
    if len(rows) != sealed:
        return f"audit block {block} was sealed with {sealed} rows and has {len(rows)}"
    return f"audit block {block} itself was changed, or one of its rows together with its hash"
