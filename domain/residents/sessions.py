"""Sessions: one family of refresh tokens per login. Each refresh token works once; a second use ends the family.

A thief and the owner cannot both go on: whoever refreshes second presents a used token, and both must sign in again
(silent in a mini-program). Lifetimes are enforced here: `IDLE` since the last refresh, `ABSOLUTE` since the login.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.kernel import database
from domain.kernel.errors import Refusal, Text
from domain.kernel.ids import new_id

IDLE = timedelta(days=30)
ABSOLUTE = timedelta(days=180)
REFRESH_TOKEN_BYTES = 32
KEPT_AFTER_END = timedelta(days=7)


class SessionOver(Refusal):
    """The refresh token is unknown, used, expired or its session has ended: one answer for all."""

    code = "session-over"
    status = 401
    title = Text("登录已失效", "The session is over")
    advice = Text("请重新登录。", "Please sign in again.")


class Session(NamedTuple):
    """A live session and the only refresh token that continues it."""

    id: UUID
    account: UUID
    refresh_token: str


def token_hash(token: str) -> bytes:
    """SHA-256: the token has 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).digest()


async def _issue(family: UUID, *, now: datetime) -> str:
    token = secrets.token_urlsafe(REFRESH_TOKEN_BYTES)
    await database.execute(
        "insert into refresh_token (id, family, token_hash, issued_at) values ($1, $2, $3, $4)",
        new_id(),
        family,
        token_hash(token),
        now,
    )
    return token


async def begin(account_id: UUID, *, now: datetime) -> Session:
    """A new session after a proven sign-in; never continues an id the client names."""
    family = new_id()
    await database.execute(
        "insert into session_family (id, account, created_at, last_used_at, expires_at) values ($1, $2, $3, $3, $4)",
        family,
        account_id,
        now,
        now + ABSOLUTE,
    )
    return Session(family, account_id, await _issue(family, now=now))


FIND = """
select t.id, t.used_at, f.id as family, f.account, f.last_used_at, f.expires_at, f.ended_at, a.status
from refresh_token t join session_family f on f.id = t.family join account a on a.id = f.account
where t.token_hash = $1 for update of f
"""


class Refreshed(NamedTuple):
    """The continued session, or None when it is over; `reused` is the session that a second use has just ended."""

    session: Session | None
    reused: UUID | None = None


OVER = Refreshed(None)


async def refresh(token: str, *, now: datetime) -> Refreshed:
    """Exchanges a refresh token for the next one. The caller commits in every case: a reuse must end the family."""
    row = await database.fetch_row(FIND, token_hash(token))
    if row is None or row["ended_at"] is not None:
        return OVER
    # Re-read under the family's lock: a twin may have used this token while we waited.
    used = await database.fetch_value("select used_at from refresh_token where id = $1", row["id"])
    if used is not None:
        await end(row["family"], reason="reuse", now=now)
        return Refreshed(None, row["family"])
    if row["status"] != "active" or now >= row["expires_at"] or now >= row["last_used_at"] + IDLE:
        return OVER
    await database.execute("update refresh_token set used_at = $2 where id = $1", row["id"], now)
    await database.execute("update session_family set last_used_at = $2 where id = $1", row["family"], now)
    return Refreshed(Session(row["family"], row["account"], await _issue(row["family"], now=now)))


async def end(session_id: UUID, *, reason: str, now: datetime) -> None:
    """Ends a session; ending it twice changes nothing."""
    await database.execute(
        "update session_family set ended_at = $2, end_reason = $3 where id = $1 and ended_at is null",
        session_id,
        now,
        reason,
    )


async def end_all(account_id: UUID, *, reason: str, now: datetime) -> list[UUID]:
    """Ends every session of an account; returns those that were alive."""
    rows = await database.fetch(
        "update session_family set ended_at = $2, end_reason = $3 where account = $1 and ended_at is null returning id",
        account_id,
        now,
        reason,
    )
    return [row["id"] for row in rows]


async def is_alive(session_id: UUID, *, now: datetime) -> bool:
    """Whether the session and its account may still act; callers may remember the answer for at most 60 s."""
    found = await database.fetch_value(
        "select true from session_family f join account a on a.id = f.account"
        " where f.id = $1 and f.ended_at is null and f.expires_at > $2 and a.status = 'active'",
        session_id,
        now,
    )
    return bool(found)


async def forget_old(*, now: datetime) -> None:
    """Deletes sessions and tokens that ended or expired more than `KEPT_AFTER_END` ago."""
    gone = "select id from session_family where least(expires_at, coalesce(ended_at, expires_at)) < $1"
    await database.execute(f"delete from refresh_token where family in ({gone})", now - KEPT_AFTER_END)
    await database.execute(
        "delete from session_family where least(expires_at, coalesce(ended_at, expires_at)) < $1", now - KEPT_AFTER_END
    )
