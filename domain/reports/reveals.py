"""Opening a sealed reporter to a person: one officer asks with purpose and reason, another approves, one look follows.

The approval is spent with the look. The reporter's timeline says that somebody looked, when and why; `looks` lists it.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.kernel import crypto, database, outbox, settings
from domain.kernel.errors import NotFound, Text
from domain.kernel.ids import new_id
from domain.operators import four_eyes
from domain.reports import reporters, timeline
from domain.reports.events import IdentitySeen
from domain.residents import phones

ACTION = "reporter.reveal"
Purpose = Literal["contact", "evidence", "reward", "safety", "court"]
PURPOSES: dict[str, Text] = {
    "contact": Text("与您联系", "to contact you"),
    "evidence": Text("核实证据", "to verify evidence"),
    "reward": Text("发放奖励", "to pay a reward"),
    "safety": Text("保护人身安全", "to protect somebody's safety"),
    "court": Text("司法程序", "for a court procedure"),
}


class Revealed(msgspec.Struct, frozen=True, kw_only=True):
    """What an approved look shows."""

    account: UUID
    phone: str | None  # in full: the officer must be able to call
    named: bool


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look as the reporter sees it. Officers appear under stable codes, not by name."""

    at: datetime
    purpose: str
    purpose_en: str
    reason: str
    officer: str
    approved_by: str


def officer_code(operator: UUID) -> str:
    """A stable code for an officer, such as `O-3F9A12`."""
    digest = crypto.blind_index(str(operator), secret=settings.current().lookup_secret, purpose="officer-code")
    return f"O-{digest.hex()[:6].upper()}"


async def ask(report_id: UUID, *, purpose: Purpose, reason: str, operator: UUID, now: datetime) -> UUID:
    """A request for a second officer, in the caller's transaction; raises `NotFound` when nobody is sealed there."""
    if not await database.fetch_value("select true from sealed_reporter where report = $1", report_id):
        raise NotFound
    return await four_eyes.ask(
        action=ACTION,
        subject=f"report:{report_id}",
        reason=reason,
        operator=operator,
        now=now,
        detail={"purpose": purpose},
    )


async def look(report_id: UUID, *, approval_id: UUID, operator: UUID, now: datetime) -> Revealed:
    """Spends the approval and opens the reporter, in the caller's transaction.

    Raises `four_eyes.ApprovalNeeded` unless a second officer has approved exactly this and it was not used yet.
    """
    await four_eyes.spend(approval_id, action=ACTION, subject=f"report:{report_id}", operator=operator, now=now)
    asked = await four_eyes.one(approval_id)
    account = await reporters.account_of(report_id, why="reveal", at=now)
    if account is None:
        raise NotFound
    purpose, reveal = PURPOSES[asked.detail["purpose"]], new_id()
    await database.execute(
        "insert into identity_reveal (id, report, asked_by, purpose, reason, asked_at, approved_by, approved_at,"
        " expires_at, opened_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        reveal,
        report_id,
        asked.asked_by,
        asked.detail["purpose"],
        asked.reason,
        asked.asked_at,
        asked.decided_by,
        asked.decided_at,
        asked.expires_at,
        now,
    )
    note = Text(
        f"经两名工作人员批准，您的身份信息被查看，用于{purpose.zh}",
        f"With the approval of two officers your identity was looked at {purpose.en}",
    )
    await timeline.append([report_id], kind="identity_seen", note=note, at=now)
    await outbox.record(IdentitySeen(report_id=report_id, reveal_id=reveal), at=now)
    named = await database.fetch_value("select identity = 'named' from report where id = $1", report_id)
    return Revealed(account=account, phone=await phones.number_of(account), named=bool(named))


LOOKS = "select opened_at, purpose, reason, asked_by, approved_by from identity_reveal"


async def looks(report_id: UUID) -> list[Look]:
    """Who looked, when and why; the latest first."""
    rows = await database.fetch(
        f"{LOOKS} where report = $1 and opened_at is not null order by opened_at desc", report_id
    )
    return [_look(row) for row in rows]


async def one_look(reveal_id: UUID) -> Look:
    """One of them; raises `NotFound`."""
    row = await database.fetch_row(f"{LOOKS} where id = $1 and opened_at is not null", reveal_id)
    if row is None:
        raise NotFound
    return _look(row)


def _look(row: Any) -> Look:
    return Look(
        at=row["opened_at"],
        purpose=PURPOSES[row["purpose"]].zh,
        purpose_en=PURPOSES[row["purpose"]].en,
        reason=row["reason"],
        officer=officer_code(row["asked_by"]),
        approved_by=officer_code(row["approved_by"]),
    )
