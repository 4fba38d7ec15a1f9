"""Messages to the platform that were given up: seen, edited by reason, replayed one by one or by range."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from domain.cases.events import HandoverDied
from domain.cases.forwarding import KIND
from domain.kernel import audit, database, leases, outbox
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.leases import Job
from domain.reports import drafts

ROWS_MAX = 1000


class Edits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What an operator may change in one message, when the peer refused it for that; what is stored stays as it is."""

    unit: Annotated[str, msgspec.Meta(min_length=1, max_length=60)] | None = None
    category: Annotated[str, msgspec.Meta(min_length=1, max_length=40, description="as the peer knows it")] | None = (
        None
    )
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500, description="of the first report")] | None = None
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    photos: Annotated[bool, msgspec.Meta(description="false leaves the links to photographs out")] = True


class NotDead(Refusal):
    """Only a message that was given up is edited."""

    code = "message-not-dead"
    status = 409
    title = Text("只有投递失败的消息可以修改", "Only a message that was given up can be edited")
    advice = Text("请刷新列表；已发出或仍在重试的消息不能修改。", "Reload the list; others are sent or still tried.")


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
    edits: Edits | None


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


async def edit(job_id: UUID, edits: Edits, *, by: str, reason: str, now: datetime) -> None:
    """Keeps the changes with the message, in the caller's transaction; a later edit replaces an earlier one.

    The trail has the reason and which fields were changed, not their text. Raises `NotFound` or `NotDead`.
    """
    if edits.text is not None:
        drafts.clean(edits.text, field="text")
    state = await database.fetch_value(
        "select state from send_job where id = $1 and kind = $2 for update", job_id, KIND
    )
    if state is None:
        raise NotFound
    if state != "dead":
        raise NotDead
    changed = msgspec.to_builtins(edits)
    await database.execute(
        "update send_job set payload = payload || jsonb_build_object('edits', $2::jsonb) where id = $1",
        job_id,
        msgspec.json.encode(changed).decode(),
    )
    detail = {"fields": sorted(changed), "reason": reason}
    await audit.append(actor=by, action="handover.edit", subject=f"job:{job_id}", at=now, detail=detail)


def edits_of(payload: dict[str, Any]) -> Edits | None:
    """The changes kept with a message; None for most."""
    return msgspec.convert(payload["edits"], Edits) if payload.get("edits") else None


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
        edits=edits_of(payload),
    )
