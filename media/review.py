"""What an operator sees of photographs: the queue under review, one photograph, the evidence signals of a report."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.errors import NotFound
from domain.reports.evidence import Signal
from media import custody
from media.answers import Box
from media.custody import CustodyEntry


class PhotoRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A photograph as operators see it; never who sent it."""

    id: UUID
    subject: str | None
    position: int | None
    state: str  # ready | rejected | deleted
    reason: str | None  # why it was refused
    entry: str
    received_at: datetime
    byte_size: int
    format: str | None
    width: int | None
    height: int | None
    sha256: str  # hex, of the sealed original
    seal_key: str | None
    version: int
    screening: str  # open | asked | passed | review | risky
    allowed_at: datetime | None
    hidden_at: datetime | None
    held_at: datetime | None
    delete_after: datetime | None
    missing_at: datetime | None


class Lookalike(msgspec.Struct, frozen=True, kw_only=True):
    """Another photograph that looks like this one."""

    photo: UUID
    subject: str | None
    kind: str  # same | similar | mirrored | cropped
    distance: int  # bits of 64


class PhotoDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One photograph with its history."""

    photo: PhotoRecord
    boxes: list[Box]
    custody: list[CustodyEntry]
    lookalikes: list[Lookalike]


class ReportEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """The signals of a report's photographs: facts to think about, not verdicts."""

    report: UUID
    weighed_at: datetime
    signals: list[Signal]


COLUMNS = """id, subject, position, state, reason, entry, received_at, byte_size, format, width, height,
encode(sha256, 'hex') as sha256, seal_key, version, screening, allowed_at, hidden_at, held_at, delete_after,
missing_at"""
LOOKALIKES = """
select p.id as photo, p.subject, m.kind, m.distance
from photo_match m join photo p on p.id = m.earlier where m.photo = $1
union all
select p.id, p.subject, m.kind, m.distance
from photo_match m join photo p on p.id = m.photo where m.earlier = $1
order by distance limit 50
"""


def _record(row: Any) -> PhotoRecord:
    return PhotoRecord(**dict(row))


async def listing(*, screening: str | None, subject: str | None, before: UUID | None, limit: int) -> list[PhotoRecord]:
    """Photographs, newest first, optionally of one screening state or subject."""
    rows = await database.fetch(
        f"select {COLUMNS} from photo where ($1::text is null or screening = $1)"
        " and ($2::text is null or subject = $2) and ($3::uuid is null or id < $3) order by id desc limit $4",
        screening,
        subject,
        before,
        limit,
    )
    return [_record(row) for row in rows]


async def one(photo: UUID) -> PhotoDetail:
    """One photograph with boxes, custody and lookalikes; raises `NotFound`."""
    row = await database.fetch_row(f"select {COLUMNS} from photo where id = $1", photo)
    if row is None:
        raise NotFound
    boxes = await database.fetch_value(
        "select boxes from photo_redaction where photo = $1 and version = $2", photo, row["version"]
    )
    others = await database.fetch(LOOKALIKES, photo)
    return PhotoDetail(
        photo=_record(row),
        boxes=msgspec.json.decode(boxes or "[]", type=list[Box]),
        custody=await custody.of(photo),
        lookalikes=[Lookalike(**dict(other)) for other in others],
    )


async def evidence_of(report: UUID) -> ReportEvidence:
    """The signals of a report; raises `NotFound` when it has no photographs or was not weighed yet."""
    row = await database.fetch_row("select report, weighed_at, signals from report_evidence where report = $1", report)
    if row is None:
        raise NotFound
    signals = msgspec.json.decode(row["signals"], type=list[Signal])
    return ReportEvidence(report=row["report"], weighed_at=row["weighed_at"], signals=signals)
