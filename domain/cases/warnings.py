"""Lights that turned, who was told, the proof that it was sent, and who acknowledged it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.cases import limits
from domain.cases.clocks import Clock, Limit, Node
from domain.cases.events import LightTurned
from domain.cases.forwarding import queue_message
from domain.cases.lights import Light, light_of, next_change
from domain.cases.people import reports_of_case
from domain.kernel import audit, calendar, database, outbox
from domain.kernel.calendar import Calendar
from domain.kernel.clock import local_day
from domain.kernel.errors import NotFound
from domain.kernel.events import Ticked
from domain.kernel.ids import new_id
from domain.reports import publication

LOOKS_MAX = 500  # cases per minute; the rest wait for the next minute
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


DUE = "select id from case_file where look_at <= $1 order by look_at limit $2 for update skip locked"
FIRE = """
insert into case_warning (id, "case", round, node, started_at, light, due_at, "limit", provisional, fired_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing returning id
"""
RECEIVERS = """
select distinct on (role, name) role, name, operator from warning_receiver
where unit in ('', (select unit from case_file where id = $1)) and role = any($2)
  and valid_from <= $3 and (valid_until is null or valid_until >= $3)
"""


async def look(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Each minute: fires the lights that turned and notes when to look again."""
    if event.every != "minute":
        return
    due = await database.fetch(DUE, event.at, LOOKS_MAX)
    if not due:
        return
    rules, days = await limits.load(), await calendar.load()
    for row in due:
        await look_at_case(row["id"], rules=rules, days=days, now=event.at)


async def look_at_case(case_id: UUID, *, rules: Sequence[Limit], days: Calendar, now: datetime) -> list[Clock]:
    """Fires what turned in one case; returns its clocks."""
    found = await limits.clocks_of(case_id, limits=rules, calendar=days, now=now)
    for clock in found:
        if clock.ended_at is None and (light := light_of(clock, now=now)) is not Light.GREEN:
            await fire(
                case_id,
                round_=clock.round,
                node=clock.node,
                started_at=clock.started_at,
                light=light,
                due_at=clock.due_at,
                limit=clock.limit.id,
                provisional=clock.provisional,
                now=now,
            )
    await _note(case_id, found, now=now)
    return found


async def _note(case_id: UUID, found: Sequence[Clock], *, now: datetime) -> None:
    """What lists and rates read instead of computing every clock again."""
    running = [clock for clock in found if clock.ended_at is None]
    moving = [clock.due_at for clock in running if clock.resting is None]
    lights = {light_of(clock, now=now) for clock in running}
    worst = next((light for light in (Light.RED, Light.AMBER, Light.GREEN) if light in lights), None)
    await database.execute(
        "update case_file set look_at = $2, due_at = $3, light = $4 where id = $1",
        case_id,
        next_change(found, now=now),
        min(moving, default=None),
        worst,
    )
    finish = next((clock for clock in found if clock.node is Node.FINISH), None)
    if finish is not None:
        await database.execute(
            'update case_round set finish_due_at = $3, sign_due_at = $4 where "case" = $1 and number = $2',
            case_id,
            finish.round,
            finish.due_at,
            next((clock.due_at for clock in found if clock.node is Node.SIGN), None),
        )
        if finish.ended_at is None:
            await publication.expect(await reports_of_case(case_id), by=finish.due_at)


async def fire(
    case_id: UUID,
    *,
    round_: int,
    node: str,
    started_at: datetime,
    light: Light,
    due_at: datetime,
    limit: str,
    provisional: bool,
    now: datetime,
) -> UUID | None:
    """One warning per stretch and light; a repetition does nothing. Tells the platform and everybody named."""
    warning_id: UUID | None = await database.fetch_value(
        FIRE, new_id(), case_id, round_, node, started_at, light, due_at, limit, provisional, now
    )
    if warning_id is None:
        return None
    message = "chased" if node == Node.SILENCE else "warned"
    job = await queue_message(message, case_id=case_id, round_=round_, now=now, about=warning_id)
    await _name_receivers(warning_id, case_id, light, job=job, now=now)
    await outbox.record(LightTurned(case_id=case_id, node=node, light=light, due_at=due_at), at=now)
    await audit.append(
        actor="system",
        action="case.warn",
        subject=f"case:{case_id}",
        at=now,
        detail={"node": node, "light": light, "warning": warning_id},
    )
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
