"""Lights that turned, who was told, the proof that it was sent, and who acknowledged it.

A warning goes to the platform and, for each receiver, into the officers' list of this house: to the named officer, or
to everybody who holds the receiver's role here. Standing in the list is the sending; being looked at there is noted.
A red light opens the supervision of the case.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.cases import supervision
from domain.cases.clocks import Clock, Node
from domain.cases.events import LightTurned
from domain.cases.forwarding import queue_message
from domain.cases.lights import Light
from domain.kernel import audit, database, outbox
from domain.kernel.clock import local_day
from domain.kernel.errors import NotFound
from domain.kernel.ids import new_id

TOLD = {Light.AMBER: ("handler", "supervisor"), Light.RED: ("handler", "supervisor", "oversight")}
HELD_BY = {"handler": "clerk", "supervisor": "reviewer", "oversight": "auditor"}  # the officers' role for each
IN_LIST = "in the officers' list"
DEFAULT_NAMES = {"handler": "责任单位", "supervisor": "督办人员", "oversight": "纪检监察（再监督）"}


class Warned(msgspec.Struct, frozen=True, kw_only=True):
    """A warning as the platform and operators read it."""

    id: UUID
    case_id: UUID
    round: int
    node: str
    light: str
    due_at: datetime
    limit: str
    provisional: bool
    fired_at: datetime


FIRE = """
insert into case_warning (id, "case", round, node, started_at, light, due_at, "limit", provisional, fired_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing returning id
"""
RECEIVERS = """
select distinct on (role, name) role, name, operator from warning_receiver
where unit in ('', (select unit from case_file where id = $1)) and role = any($2)
  and valid_from <= $3 and (valid_until is null or valid_until >= $3)
"""


async def fire(case_id: UUID, clock: Clock, *, light: Light, now: datetime) -> UUID | None:
    """One warning per stretch and light; a repetition does nothing. Tells the platform and everybody named."""
    warning_id: UUID | None = await database.fetch_value(
        FIRE,
        new_id(),
        case_id,
        clock.round,
        clock.node,
        clock.started_at,
        light,
        clock.due_at,
        clock.limit.id,
        clock.provisional,
        now,
    )
    if warning_id is None:
        return None
    message = "chased" if clock.node is Node.SILENCE else "warned"
    job = await queue_message(message, case_id=case_id, round_=clock.round, now=now, about=warning_id)
    await _name_receivers(warning_id, case_id, light, job=job, now=now)
    if light is Light.RED:
        await supervision.open_(case_id, round_=clock.round, warning=warning_id, now=now)
    await outbox.record(LightTurned(case_id=case_id, node=clock.node, light=light, due_at=clock.due_at), at=now)
    detail = {"node": clock.node, "light": light, "warning": warning_id}
    await audit.append(actor="system", action="case.warn", subject=f"case:{case_id}", at=now, detail=detail)
    return warning_id


async def _name_receivers(warning_id: UUID, case_id: UUID, light: Light, *, job: UUID, now: datetime) -> None:
    roles = TOLD[light]
    named: list[Any] = await database.fetch(RECEIVERS, case_id, list(roles), local_day(now))
    missing = set(roles) - {row["role"] for row in named}
    rows = [(row["role"], row["name"], row["operator"]) for row in named]
    rows += [(role, DEFAULT_NAMES[role], None) for role in sorted(missing)]
    await database.execute(
        "insert into warning_receipt (id, warning, role, name, operator, job, sent_at, proof)"
        " select i, $1, r, n, o, $2, $7, $8"
        " from unnest($3::uuid[], $4::text[], $5::text[], $6::uuid[]) as t(i, r, n, o)",
        warning_id,
        job,
        [new_id() for _ in rows],
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        now,
        IN_LIST,
    )


async def record_proof(job_id: UUID, *, proof: str, now: datetime) -> None:
    """The message that carried a warning was taken by the platform, too: its answer joins the proof."""
    await database.execute(
        "update warning_receipt set proof = left(proof || '; ' || $2, 200) where job = $1 and proof = $3",
        job_id,
        f"{now.isoformat()} job {job_id}: {proof}",
        IN_LIST,
    )


FOR_OFFICER = """
select r.id as receipt_id, w."case" as case_id, w.round, w.node, w.light, w.due_at, w.fired_at, w.provisional, r.role,
  r.name, r.sent_at, r.proof, r.seen_at, r.acknowledged_at, r.acknowledged_by
from warning_receipt r join case_warning w on w.id = r.warning
where (r.operator = $1 or r.operator is null and r.role = any($2::text[])) and (not $3 or r.acknowledged_at is null)
order by w.fired_at desc, r.id limit $4
"""


def roles_of(officer_roles: Collection[str]) -> list[str]:
    """The receivers' roles that an officer with these roles stands for."""
    return [role for role, held_by in HELD_BY.items() if held_by in officer_roles]


async def list_for(
    operator: UUID, *, roles: Collection[str], by: str, unacknowledged: bool, limit: int, now: datetime
) -> list[Any]:
    """The warnings for this officer, the latest first, in the caller's transaction; that they were seen is noted."""
    rows = await database.fetch(FOR_OFFICER, operator, roles_of(roles), unacknowledged, limit)
    await database.execute(
        "update warning_receipt set seen_at = $2, seen_by = $3 where id = any($1) and seen_at is null",
        [row["receipt_id"] for row in rows],
        now,
        by,
    )
    return rows


async def acknowledge(receipt_id: UUID, *, operator: UUID, roles: Collection[str], by: str, now: datetime) -> None:
    """Whoever it is for has seen it; the first acknowledgement stays. Raises `NotFound` for somebody else's."""
    warning = await database.fetch_value(
        "update warning_receipt set acknowledged_at = coalesce(acknowledged_at, $2),"
        " acknowledged_by = coalesce(acknowledged_by, $3), seen_at = coalesce(seen_at, $2),"
        " seen_by = coalesce(seen_by, $3) where id = $1"
        " and (operator = $4 or operator is null and role = any($5::text[])) returning warning",
        receipt_id,
        now,
        by,
        operator,
        roles_of(roles),
    )
    if warning is None:
        raise NotFound
    await audit.append(actor=by, action="warning.acknowledge", subject=f"warning:{warning}", at=now)


async def read(warning_id: UUID) -> Warned | None:
    """One warning; None when unknown."""
    row = await database.fetch_row(
        'select id, "case" as case_id, round, node, light, due_at, "limit", provisional, fired_at from case_warning'
        " where id = $1",
        warning_id,
    )
    return Warned(**dict(row)) if row else None
