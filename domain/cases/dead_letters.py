"""Messages to the platform that were given up: seen, edited by reason, replayed one by one or by range."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.cases.events import HandoverDied
from domain.cases.forwarding import KIND
from domain.kernel import audit, database, leases, outbox
from domain.kernel.leases import Job

ROWS_MAX = 1000


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One message to the platform and how its delivery stands."""

    job_id: UUID
    case_id: UUID
    message: str
    round: int
    state: str  # pending | done | dead
    attempts: int
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None
    outcome: str | None


LETTERS = """
select id, payload, state, attempts, created_at, due_at, finished_at, outcome from send_job where kind = $1
"""


async def tell(job: Job, note: str) -> None:
    """Somebody must know that a hand-over was given up; runs in the transaction that buries the job."""
    now = await database.fetch_value("select finished_at from send_job where id = $1", job.id)
    case_id = UUID(job.payload["case"])
    await outbox.record(HandoverDied(case_id=case_id, message=job.payload["message"]), at=now)
    detail = {"job": job.id, "message": job.payload["message"], "why": note[:200]}
    await audit.append(actor="system", action="handover.dead", subject=f"case:{case_id}", at=now, detail=detail)


async def of_case(case_id: UUID) -> list[Letter]:
    """Every message about a case, oldest first."""
    rows = await database.fetch(LETTERS + " and subject = $2 order by seq", KIND, f"case:{case_id}")
    return [_letter(row) for row in rows]


async def dead(*, since: datetime, until: datetime, limit: int = 100) -> list[Letter]:
    """Messages given up in a period, newest first."""
    rows = await database.fetch(
        LETTERS + " and state = 'dead' and finished_at >= $2 and finished_at < $3 order by finished_at desc limit $4",
        KIND,
        since,
        until,
        min(limit, ROWS_MAX),
    )
    return [_letter(row) for row in rows]


async def replay(job_ids: list[UUID], *, by: str, reason: str, now: datetime) -> int:
    """Sends dead messages again, in the caller's transaction; returns how many were dead."""
    revived = await leases.revive(job_ids, now=now)
    detail = {"jobs": job_ids, "revived": revived, "reason": reason}
    await audit.append(actor=by, action="handover.replay", subject=f"peer:{KIND}", at=now, detail=detail)
    return revived


async def replay_range(*, since: datetime, until: datetime, by: str, reason: str, now: datetime) -> int:
    """Sends every message again that was given up in the period."""
    rows = await database.fetch(
        "select id from send_job where kind = $1 and state = 'dead' and finished_at >= $2 and finished_at < $3"
        " order by seq limit $4",
        KIND,
        since,
        until,
        ROWS_MAX,
    )
    return await replay([row["id"] for row in rows], by=by, reason=reason, now=now)


async def abandon(job_id: UUID, *, by: str, reason: str, now: datetime) -> bool:
    """Closes a dead message for good with a reason; the job stays readable."""
    tag = await database.execute(
        "update send_job set state = 'done', outcome = $2 where id = $1 and state = 'dead'",
        job_id,
        f"abandoned by an operator: {reason}"[:500],
    )
    await audit.append(actor=by, action="handover.abandon", subject=f"job:{job_id}", at=now, detail={"reason": reason})
    return tag.endswith(" 1")


def _letter(row: Any) -> Letter:
    payload = msgspec.json.decode(row["payload"])
    return Letter(
        job_id=row["id"],
        case_id=UUID(payload["case"]),
        message=payload["message"],
        round=payload["round"],
        state=row["state"],
        attempts=row["attempts"],
        created_at=row["created_at"],
        due_at=row["due_at"],
        finished_at=row["finished_at"],
        outcome=row["outcome"],
    )
