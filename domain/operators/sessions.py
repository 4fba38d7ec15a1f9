"""Officers' sessions: short, asked about on each request, ended with the account."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.kernel import database
from domain.kernel.ids import new_id

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)  # `last_used_at` is exact to this, which saves a write per request


class Live(NamedTuple):
    """What a live session allows."""

    roles: frozenset[str]
    networks: str | None  # None: the networks of the setting


async def begin(operator_id: UUID, *, now: datetime) -> UUID:
    """A new session after a proven sign-in."""
    session_id = new_id()
    await database.execute(
        "insert into operator_session (id, operator, created_at, last_used_at, expires_at) values ($1, $2, $3, $3, $4)",
        session_id,
        operator_id,
        now,
        now + ABSOLUTE,
    )
    return session_id


FIND = """
select s.last_used_at, o.roles, o.networks from operator_session s join operator o on o.id = s.operator
where s.id = $1 and s.operator = $2 and s.ended_at is null and s.expires_at > $3 and s.last_used_at > $4
and o.status = 'active'
"""


async def live(session_id: UUID, *, operator_id: UUID, now: datetime) -> Live | None:
    """The roles of a session that may act now, or None; remembers that it was used."""
    row = await database.fetch_row(FIND, session_id, operator_id, now, now - IDLE)
    if row is None:
        return None
    if now - row["last_used_at"] >= TOUCH_EVERY:
        await database.execute("update operator_session set last_used_at = $2 where id = $1", session_id, now)
    return Live(frozenset(row["roles"]), row["networks"])


async def end(session_id: UUID, *, reason: str, now: datetime) -> None:
    """Ends a session; ending it twice changes nothing."""
    await database.execute(
        "update operator_session set ended_at = $2, end_reason = $3 where id = $1 and ended_at is null",
        session_id,
        now,
        reason,
    )


async def end_all(operator_id: UUID, *, reason: str, now: datetime, besides: UUID | None = None) -> None:
    """Ends every session of an officer, except the one named in `besides`."""
    await database.execute(
        "update operator_session set ended_at = $2, end_reason = $3 where operator = $1 and ended_at is null"
        " and ($4::uuid is null or id <> $4)",
        operator_id,
        now,
        reason,
        besides,
    )
