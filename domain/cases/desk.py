"""What the officers see: the queue by due time, one case with everything internal, what was refused, who was warned."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import database


class QueueItem(msgspec.Struct, frozen=True, kw_only=True):
    """An open case in the queue; `due_at` and `light` are of the latest look, at most a minute old."""

    id: UUID
    category: str
    town: str
    unit: str
    stage: str
    round: int
    opened_at: datetime
    heard_at: datetime | None
    due_at: datetime | None
    light: str | None


class UpdateRow(msgspec.Struct, frozen=True, kw_only=True):
    """One admitted update with its internal text."""

    id: UUID
    update_id: str
    round: int
    sequence: int
    kind: str
    stage: str | None
    actor_class: str
    unit: str | None
    happened_at: datetime
    received_at: datetime
    public_text: str | None
    internal_text: str | None
    outcome: str | None
    passed: bool | None
    detail: dict[str, Any]


class RefusedRow(msgspec.Struct, frozen=True, kw_only=True):
    """An update that did not fit."""

    id: UUID
    update_id: str
    case_id: UUID | None
    code: str
    facts: dict[str, Any]
    body: Any
    first_at: datetime
    last_at: datetime
    times: int


class WarningRow(msgspec.Struct, frozen=True, kw_only=True):
    """One warning to one receiver, with its proof of sending and its acknowledgement."""

    receipt_id: UUID
    case_id: UUID
    round: int
    node: str
    light: str
    due_at: datetime
    fired_at: datetime
    provisional: bool
    role: str
    name: str
    sent_at: datetime | None
    proof: str | None
    seen_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None


QUEUE = """
select id, category, town, unit, stage, round, opened_at, heard_at, due_at, light from case_file
where withdrawn_at is null and due_at is not null and ($1::text is null or unit = $1)
  and ($2::text is null or light = $2) and ($3::timestamptz is null or (due_at, id) > ($3, $4::uuid))
order by due_at, id limit $5
"""
UPDATES = """
select id, update_id, round, sequence, kind, stage, actor_class, unit, happened_at, received_at, public_text,
  internal_text, outcome, passed, detail from case_update where "case" = $1 order by round, sequence
"""
REFUSED = """
select id, update_id, "case" as case_id, code, facts, body, first_at, last_at, times from refused_update
where ($1::timestamptz is null or last_at < $1) order by last_at desc limit $2
"""
WARNINGS = """
select r.id as receipt_id, w."case" as case_id, w.round, w.node, w.light, w.due_at, w.fired_at, w.provisional, r.role,
  r.name, r.sent_at, r.proof, r.seen_at, r.acknowledged_at, r.acknowledged_by
from case_warning w join warning_receipt r on r.warning = w.id
where ($1::uuid is null or w."case" = $1) and (not $2 or r.acknowledged_at is null)
order by w.fired_at desc, r.id limit $3
"""


async def queue(*, unit: str | None, light: str | None, after: tuple[datetime, UUID] | None, limit: int) -> list[Any]:
    """Rows of `QueueItem`, soonest due first."""
    at, case_id = after or (None, None)
    return await database.fetch(QUEUE, unit, light, at, case_id, limit)


async def updates(case_id: UUID) -> list[UpdateRow]:
    """Everything the platform said about a case, in its order."""
    return [
        UpdateRow(**{**dict(row), "detail": msgspec.json.decode(row["detail"])})
        for row in await database.fetch(UPDATES, case_id)
    ]


async def refused(*, before: datetime | None, limit: int) -> list[RefusedRow]:
    """Updates that did not fit, the latest first."""
    return [
        RefusedRow(
            **{**dict(row), "facts": msgspec.json.decode(row["facts"]), "body": msgspec.json.decode(row["body"])}
        )
        for row in await database.fetch(REFUSED, before, limit)
    ]


async def warnings(*, case_id: UUID | None, unacknowledged: bool, limit: int) -> list[WarningRow]:
    """Warnings by receiver, the latest first."""
    return [WarningRow(**dict(row)) for row in await database.fetch(WARNINGS, case_id, unacknowledged, limit)]
