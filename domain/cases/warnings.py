"""Lights that turned, who was told, the proof that it was sent, and who acknowledged it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.cases.clocks import Clock, Node
from domain.cases.events import LightTurned
from domain.cases.forwarding import queue_message
from domain.cases.lights import Light
from domain.kernel import audit, database, outbox
from domain.kernel.clock import local_day
from domain.kernel.errors import NotFound
from domain.kernel.ids import new_id

TOLD = {Light.AMBER: ("handler", "supervisor"), Light.RED: ("handler", "supervisor", "oversight")}
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
        "insert into warning_receipt (id, warning, role, name, operator, job)"
        " select i, $1, r, n, o, $2 from unnest($3::uuid[], $4::text[], $5::text[], $6::uuid[]) as t(i, r, n, o)",
        warning_id,
        job,
        [new_id() for _ in rows],
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
    )


async def record_proof(job_id: UUID, *, proof: str, now: datetime) -> None:
    """The message that carried a warning was taken: the time and the peer's answer are the proof."""
    await database.execute(
        "update warning_receipt set sent_at = coalesce(sent_at, $2), proof = coalesce(proof, $3) where job = $1",
        job_id,
        now,
        f"job {job_id}: {proof}",
    )


async def acknowledge(receipt_id: UUID, *, by: str, now: datetime) -> None:
    """A named receiver has seen it; the first acknowledgement stays. Raises `NotFound`."""
    warning = await database.fetch_value(
        "update warning_receipt set acknowledged_at = coalesce(acknowledged_at, $2),"
        " acknowledged_by = coalesce(acknowledged_by, $3) where id = $1 returning warning",
        receipt_id,
        now,
        by,
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
