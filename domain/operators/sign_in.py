"""Signing in: login, password and one-time code together, one answer for every way of being wrong.

The caller verifies in three steps so that no transaction is open while the password is hashed: `find`, `prove`, then
`settle` in a transaction, which counts a failure or begins the session and re-checks what may have changed meanwhile.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.kernel import audit, crypto, database
from domain.kernel.errors import Refusal, Text
from domain.operators import one_time_codes, passwords, sessions
from domain.operators.accounts import seal_context

FAILURES_MAX = 5
LOCKED_FOR = timedelta(minutes=15)


class SignInRefused(Refusal):
    """Unknown login, wrong password, wrong or used code, locked or disabled account: not told apart."""

    code = "sign-in-refused"
    status = 401
    title = Text("登录失败", "Sign-in refused")
    advice = Text(
        "请核对登录名、密码和动态口令；多次失败后账号会锁定 15 分钟。",
        "Check login, password and one-time code; the account locks for 15 minutes after repeated failures.",
    )


class Found(NamedTuple):
    """What is needed to prove an officer."""

    id: UUID
    password_hash: str
    totp_secret: bytes
    totp_step: int
    status: str
    locked_until: datetime | None


COLUMNS = "id, password_hash, totp_secret, totp_step, status, locked_until"


async def find(login: str) -> Found | None:
    """The officer of this login, in any state."""
    row = await database.fetch_row(f"select {COLUMNS} from operator where login = $1", login)
    return Found(*row) if row is not None else None


async def find_by_id(operator_id: UUID) -> Found | None:
    """The officer of this id, in any state."""
    row = await database.fetch_row(f"select {COLUMNS} from operator where id = $1", operator_id)
    return Found(*row) if row is not None else None


async def prove(found: Found | None, *, password: str, code: str, ring: crypto.KeyRing, now: datetime) -> int | None:
    """The one-time-code step that proves the officer, or None. Costs the same time whatever is wrong."""
    right = await passwords.matches(password, found.password_hash if found else None)
    if found is None:
        return None
    secret = ring.open(found.totp_secret, context=seal_context(found.id)).decode()
    step = one_time_codes.step_of(secret, code, after_step=found.totp_step, now=now)
    locked = found.locked_until is not None and now < found.locked_until
    return step if right and not locked and found.status == "active" else None


async def settle(found: Found | None, *, step: int | None, address_tag: str, now: datetime) -> UUID | None:
    """The new session's id, or None after counting the failure; commit in both cases.

    `address_tag` is a keyed hash of the client's address for the audit trail.
    """
    if found is None:
        return None
    if step is None or not await spend_code(found.id, step, now=now):
        await count_failure(found.id, now=now)
        await _note(found.id, "operator.sign_in_refused", address_tag=address_tag, now=now)
        return None
    session_id = await sessions.begin(found.id, now=now)
    await _note(found.id, "operator.signed_in", address_tag=address_tag, now=now)
    return session_id


async def spend_code(operator_id: UUID, step: int, *, now: datetime) -> bool:
    """Check and act in one statement: of two sign-ins with the same code one wins."""
    tag = await database.execute(
        "update operator set totp_step = $2, failures = 0, locked_until = null where id = $1 and totp_step < $2"
        " and status = 'active' and (locked_until is null or locked_until <= $3)",
        operator_id,
        step,
        now,
    )
    return tag == "UPDATE 1"


async def count_failure(operator_id: UUID, *, now: datetime) -> None:
    """One more failure in a row; the fifth locks the account."""
    await database.execute(
        "update operator set failures = case when failures + 1 >= $2 then 0 else failures + 1 end,"
        " locked_until = case when failures + 1 >= $2 then $3 else locked_until end where id = $1",
        operator_id,
        FAILURES_MAX,
        now + LOCKED_FOR,
    )


async def _note(operator_id: UUID, action: str, *, address_tag: str, now: datetime) -> None:
    who = f"operator:{operator_id}"
    await audit.append(actor=who, action=action, subject=who, at=now, detail={"address_tag": address_tag})
