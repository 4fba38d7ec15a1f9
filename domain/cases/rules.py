"""Changing the data that clocks follow: limits with effective dates, calendar days, receivers of warnings."""

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from domain.cases.clocks import Node, Unit
from domain.kernel import audit, calendar, database
from domain.kernel.errors import Refusal, Text
from domain.kernel.ids import new_id


class LimitTaken(Refusal):
    """A limit with this id exists; limits are ended and followed by new ones, never rewritten."""

    code = "limit-taken"
    status = 409
    title = Text("该时限编号已存在", "A limit with this id exists")
    advice = Text("请先设定旧时限的截止日，再以新编号新增。", "End the old limit, then add one with a new id.")


class NewLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that holds from a day on."""

    id: str
    node: Node
    amount: int
    unit: Unit
    valid_from: date
    source: str
    certainty: str
    region: str = ""
    channel: str = ""
    category: str = ""
    clock_class: str = ""


async def add_limit(limit: NewLimit, *, by: str, now: datetime) -> None:
    """Adds a limit, in the caller's transaction; every open case is looked at again."""
    tag = await database.execute(
        "insert into clock_limit (id, node, amount, unit, region, channel, category, clock_class, valid_from, source,"
        " certainty) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing",
        limit.id,
        limit.node,
        limit.amount,
        limit.unit,
        limit.region,
        limit.channel,
        limit.category,
        limit.clock_class,
        limit.valid_from,
        limit.source,
        limit.certainty,
    )
    if not tag.endswith(" 1"):
        raise LimitTaken(field="id")
    await _look_again(now=now)
    await audit.append(actor=by, action="limit.add", subject=f"limit:{limit.id}", at=now)


async def end_limit(limit_id: str, *, last_day: date, by: str, now: datetime) -> bool:
    """The limit does not hold after `last_day`; False when there is no such limit."""
    tag = await database.execute("update clock_limit set valid_until = $2 where id = $1", limit_id, last_day)
    await _look_again(now=now)
    await audit.append(actor=by, action="limit.end", subject=f"limit:{limit_id}", at=now, detail={"last": last_day})
    return tag.endswith(" 1")


async def set_day(day: date, *, works: bool, source: str, by: str, now: datetime) -> None:
    """A State Council notice says how a day counts; clocks move, warnings that fired stay."""
    await calendar.override(day, works=works, source=source, now=now)
    await _look_again(now=now)
    await audit.append(
        actor=by, action="calendar.set", subject=f"day:{day}", at=now, detail={"works": works, "source": source}
    )


async def add_receiver(
    *, unit: str, role: str, name: str, operator: UUID | None, valid_from: date, by: str, now: datetime
) -> UUID:
    """Names a person who is warned about a unit's cases; an empty unit means every unit."""
    receiver_id = new_id()
    await database.execute(
        "insert into warning_receiver (id, unit, role, name, operator, valid_from) values ($1, $2, $3, $4, $5, $6)",
        receiver_id,
        unit,
        role,
        name,
        operator,
        valid_from,
    )
    await audit.append(
        actor=by, action="receiver.add", subject=f"receiver:{receiver_id}", at=now, detail={"role": role}
    )
    return receiver_id


async def end_receiver(receiver_id: UUID, *, today: date, by: str, now: datetime) -> bool:
    """The person is not warned from today on; False when unknown."""
    tag = await database.execute(
        "update warning_receiver set valid_until = $2 where id = $1", receiver_id, today - timedelta(days=1)
    )
    await audit.append(actor=by, action="receiver.end", subject=f"receiver:{receiver_id}", at=now)
    return tag.endswith(" 1")


async def _look_again(*, now: datetime) -> None:
    await database.execute(
        "update case_file set look_at = $1 where withdrawn_at is null and (not closed or provisional)", now
    )
