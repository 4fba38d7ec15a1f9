"""Two persons for what matters: one officer asks, another decides, the act spends the decision once.

    approval = await four_eyes.ask(action="reporter.reveal", subject=f"report:{id}", …)      # officer A
    await four_eyes.decide(approval, approve=True, operator=B, …)                            # officer B, never A
    detail = await four_eyes.spend(approval, action="reporter.reveal", subject=…, now=now)   # with the act, once

Each step runs in the caller's transaction and is written to the audit trail.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.kernel import audit, database
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id
from domain.operators.accounts import NotOneself

VALID_FOR = timedelta(hours=72)  # for the decision and the act together
LIST_MAX = 100


class ApprovalNeeded(Refusal):
    """The act needs an approval by a second officer that is fresh, for exactly this, and unused."""

    code = "approval-needed"
    status = 403
    title = Text("需要第二人批准", "A second officer has to approve")
    advice = Text("请先提交申请，由另一位操作员批准后再执行。", "Ask for approval; another officer decides.")


class AlreadyDecided(Refusal):
    """Somebody decided before, or the request has expired."""

    code = "approval-already-decided"
    title = Text("申请已处理或已过期", "Already decided or expired")
    advice = Text("请刷新列表。", "Reload the list.")


class AlreadyAsked(Refusal):
    """The same officer has an open request for the same act."""

    code = "approval-already-asked"
    title = Text("已有相同的待批申请", "The same request is already open")
    advice = Text("请等待另一位操作员处理。", "Wait for another officer's decision.")


class Asked(NamedTuple):
    """A request and its decision."""

    id: UUID
    action: str
    subject: str
    detail: Any
    reason: str
    asked_by: UUID
    asked_at: datetime
    expires_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    decision: str | None
    used_at: datetime | None


COLUMNS = (
    "id, action, subject, detail, reason, asked_by, asked_at, expires_at, decided_by, decided_at, decision, used_at"
)


def _asked(row: Any) -> Asked:
    return Asked(*row)._replace(detail=msgspec.json.decode(row["detail"]))


async def ask(
    *, action: str, subject: str, reason: str, operator: UUID, now: datetime, detail: object | None = None
) -> UUID:
    """A request for a second officer; `detail` says exactly what will be done, without personal values."""
    approval_id = new_id()
    row = await database.fetch_row(
        "insert into approval (id, action, subject, detail, reason, asked_by, asked_at, expires_at)"
        " values ($1, $2, $3, $4::jsonb, $5, $6, $7, $8)"
        " on conflict (action, subject, asked_by) where decided_at is null do update"
        " set detail = excluded.detail, reason = excluded.reason, asked_at = excluded.asked_at,"
        " expires_at = excluded.expires_at where approval.expires_at <= excluded.asked_at returning id",
        approval_id,
        action,
        subject,
        msgspec.json.encode(detail if detail is not None else {}).decode(),
        reason,
        operator,
        now,
        now + VALID_FOR,
    )
    if row is None:
        raise AlreadyAsked
    await _note(row["id"], "approval.asked", operator=operator, now=now, about=f"{action} {subject}")
    return UUID(str(row["id"]))


async def decide(approval_id: UUID, *, approve: bool, operator: UUID, note: str, now: datetime) -> Asked:
    """Decides a request once; raises `NotOneself` for the officer who asked, `AlreadyDecided`, `NotFound`."""
    row = await database.fetch_row(f"select {COLUMNS} from approval where id = $1 for update", approval_id)
    if row is None:
        raise NotFound
    asked = _asked(row)
    if asked.asked_by == operator:
        raise NotOneself
    if asked.decided_at is not None or now >= asked.expires_at:
        raise AlreadyDecided
    decision = "approved" if approve else "declined"
    await database.execute(
        "update approval set decided_by = $2, decided_at = $3, decision = $4, note = $5 where id = $1",
        approval_id,
        operator,
        now,
        decision,
        note,
    )
    await _note(
        approval_id, f"approval.{decision}", operator=operator, now=now, about=f"{asked.action} {asked.subject}"
    )
    return asked._replace(decided_by=operator, decided_at=now, decision=decision)


async def spend(approval_id: UUID, *, action: str, subject: str, operator: UUID, now: datetime) -> Any:
    """The approved detail, taken once, by the officer who asked, in the transaction of the act.

    Raises `ApprovalNeeded`.
    """
    row = await database.fetch_row(
        "update approval set used_at = $5 where id = $1 and action = $2 and subject = $3 and asked_by = $4"
        " and decision = 'approved' and used_at is null and expires_at > $5 returning detail",
        approval_id,
        action,
        subject,
        operator,
        now,
    )
    if row is None:
        raise ApprovalNeeded
    await _note(approval_id, "approval.used", operator=operator, now=now, about=f"{action} {subject}")
    return msgspec.json.decode(row["detail"])


async def waiting(*, now: datetime) -> list[Asked]:
    """Open requests, oldest first, at most `LIST_MAX`."""
    rows = await database.fetch(
        f"select {COLUMNS} from approval where decided_at is null and expires_at > $1 order by asked_at limit $2",
        now,
        LIST_MAX,
    )
    return [_asked(row) for row in rows]


async def one(approval_id: UUID) -> Asked:
    """One request; raises `NotFound`."""
    row = await database.fetch_row(f"select {COLUMNS} from approval where id = $1", approval_id)
    if row is None:
        raise NotFound
    return _asked(row)


async def _note(approval_id: Any, action: str, *, operator: UUID, now: datetime, about: str) -> None:
    await audit.append(
        actor=f"operator:{operator}",
        action=action,
        subject=f"approval:{approval_id}",
        at=now,
        detail={"about": about},
    )
