"""Requests for review: the rounds are used up and the reporter still disagrees; the bureau decides once, in writing."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.kernel import audit, database
from domain.kernel.errors import NotFound, Text
from domain.reports import timeline


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A request for review."""

    id: UUID
    case_id: UUID
    round: int
    reason: str
    requested_at: datetime
    decided_at: datetime | None
    decision: str | None


async def waiting(*, limit: int = 100) -> list[Review]:
    """Undecided requests, oldest first."""
    rows = await database.fetch(
        'select id, "case" as case_id, round, reason, requested_at, decided_at, decision from case_review'
        " where decided_at is null order by requested_at limit $1",
        limit,
    )
    return [Review(**dict(row)) for row in rows]


async def decide(review_id: UUID, *, decision: str, by: str, now: datetime) -> None:
    """The written answer, in the caller's transaction; the reporter reads it. Raises `NotFound` for a decided one."""
    row = await database.fetch_row(
        "update case_review set decided_at = $2, decided_by = $3, decision = $4"
        ' where id = $1 and decided_at is null returning report, "case"',
        review_id,
        now,
        by,
        decision,
    )
    if row is None:
        raise NotFound
    note = Text(f"复核意见：{decision}", f"Decision of the review: {decision}")
    await timeline.append([row["report"]], kind="reviewed", note=note, at=now, detail={"review": review_id})
    await audit.append(
        actor=by, action="case.reviewed", subject=f"case:{row['case']}", at=now, detail={"review": review_id}
    )
