"""Evidence of objections, replies and repairs: files sealed as they came and never opened here.

What is accepted is decided by the first bytes (PDF, JPEG, PNG, HEIC); officers get a file as an attachment, and every
look is in the audit trail.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import audit, crypto, database, settings
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id

FILE_BYTES_MAX = 10 * 1024 * 1024
FILES_PER_MATTER_MAX = 20
WAITING_MAX = 40  # files of one enterprise that belong to no matter yet
WAITING_KEPT = timedelta(days=7)
HEIC_BRANDS = (b"heic", b"heix", b"mif1", b"msf1")


class EvidenceRefused(Refusal):
    """The file is too large, of another kind, or there are too many."""

    code = "evidence-refused"
    status = 422
    title = Text("证据文件不能接收", "The file cannot be taken")
    advice = Text("请上传 10 MB 以内的 PDF、JPEG、PNG 或 HEIC。", "PDF, JPEG, PNG or HEIC of at most 10 MB.")


class EvidenceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as its enterprise and the officers see it listed."""

    id: UUID
    name: str
    media_type: str
    byte_size: int
    sha256: str
    sent_at: datetime


def kind_of(content: bytes) -> str:
    """The media type by the first bytes; raises `EvidenceRefused`."""
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS:
        return "image/heic"
    raise EvidenceRefused


def _ring() -> crypto.KeyRing:
    return crypto.key_ring(settings.current().seal_keys)


async def send(enterprise: UUID, *, content: bytes, name: str, account: UUID, now: datetime) -> EvidenceFile:
    """Takes a file in, in the caller's transaction; the same bytes again give the same file. Raises the refusal."""
    if not 0 < len(content) <= FILE_BYTES_MAX:
        raise EvidenceRefused
    media_type, digest = kind_of(content), hashlib.sha256(content).digest()
    waiting = await database.fetch(
        f"select {COLUMNS} from matter_file where enterprise = $1 and matter is null", enterprise
    )
    same = next((row for row in waiting if row["sha256"] == digest), None)
    if same is not None:
        return _file(same)
    if len(waiting) >= WAITING_MAX:
        raise EvidenceRefused(Text("待用文件过多", "Too many files wait for a matter"))
    row = await database.fetch_row(
        "insert into matter_file (id, enterprise, sent_by, name, media_type, byte_size, sha256, sealed, sent_at)"
        f" values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning {COLUMNS}",
        file_id := new_id(),
        enterprise,
        account,
        name[:120],
        media_type,
        len(content),
        digest,
        _ring().seal(content, context=f"matter-file:{file_id}"),
        now,
    )
    return _file(row)


COLUMNS = "id, name, media_type, byte_size, sha256, sent_at"


def _file(row: Any) -> EvidenceFile:
    return EvidenceFile(**(dict(row) | {"sha256": row["sha256"].hex()}))


async def claim(files: Sequence[UUID], *, enterprise: UUID, matter: UUID) -> None:
    """Binds files to a matter once, in the caller's transaction; raises `NotFound` when one is foreign or taken."""
    chosen = set(files)
    if len(chosen) > FILES_PER_MATTER_MAX:
        raise EvidenceRefused(Text("文件过多", "Too many files"))
    taken = await database.execute(
        "update matter_file set matter = $3 where id = any($1) and enterprise = $2 and matter is null",
        list(chosen),
        enterprise,
        matter,
    )
    if taken != f"UPDATE {len(chosen)}":
        raise NotFound


async def of_matters(matters: Sequence[UUID]) -> dict[UUID, list[EvidenceFile]]:
    """The files of several matters in one query, in the order they were sent."""
    rows = await database.fetch(
        f"select matter, {COLUMNS} from matter_file where matter = any($1) order by sent_at, id", list(matters)
    )
    found: dict[UUID, list[EvidenceFile]] = {matter: [] for matter in matters}
    for row in rows:
        found[row["matter"]].append(_file({name: row[name] for name in COLUMNS.split(", ")}))
    return found


async def opened(
    file_id: UUID, *, by: str, now: datetime, enterprise: UUID | None = None
) -> tuple[EvidenceFile, bytes]:
    """A file and its bytes; `enterprise` limits it to its own. An officer's look is recorded. Raises `NotFound`."""
    row = await database.fetch_row(
        f"select {COLUMNS}, sealed from matter_file where id = $1 and ($2::uuid is null or enterprise = $2)",
        file_id,
        enterprise,
    )
    if row is None:
        raise NotFound
    await audit.append(actor=by, action="evidence.opened", subject=f"matter-file:{file_id}", at=now)
    content = _ring().open(row["sealed"], context=f"matter-file:{file_id}")
    return _file({name: row[name] for name in COLUMNS.split(", ")}), content


async def forget_waiting(*, now: datetime) -> None:
    """Files that never came to belong to a matter go after `WAITING_KEPT`."""
    await database.execute("delete from matter_file where matter is null and sent_at < $1", now - WAITING_KEPT)
