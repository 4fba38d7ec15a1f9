"""Officers' two factors after the first day: a password of one's own, and a new second factor for a lost phone.

A password is changed with the old one and a current code. A second factor is replaced by an administrator once another
officer approved it (`four_eyes`); the password stays, so that nobody but its owner can sign in with the new one.
"""

from datetime import datetime
from uuid import UUID

from domain.kernel import audit, crypto, database
from domain.kernel.errors import NotFound, Refusal, Text
from domain.operators import four_eyes, one_time_codes, passwords, sessions, sign_in
from domain.operators.accounts import NotOneself, one, seal_context

RESET = "operator.second_factor_reset"


class CredentialsWrong(Refusal):
    """The old password or the code is wrong, or the code was used before."""

    code = "credentials-wrong"
    status = 403
    title = Text("原密码或动态口令不正确", "Old password or one-time code is wrong")
    advice = Text(
        "请核对后重试；多次失败后账号会锁定 15 分钟。",
        "Check them and try again; the account locks for 15 minutes after repeated failures.",
    )


async def prove(operator_id: UUID, *, password: str, code: str, ring: crypto.KeyRing, now: datetime) -> int | None:
    """The code's step when both factors are right, else None. Open no transaction around it: it takes a while."""
    found = await sign_in.find_by_id(operator_id)
    return await sign_in.prove(found, password=password, code=code, ring=ring, now=now)


async def change_password(
    operator_id: UUID, *, step: int | None, password_hash: str, session: UUID, now: datetime
) -> bool:
    """Stores the new hash and ends the officer's other sessions; False after counting a failure. Commit both."""
    who = f"operator:{operator_id}"
    if step is None or not await sign_in.spend_code(operator_id, step, now=now):
        await sign_in.count_failure(operator_id, now=now)
        await audit.append(actor=who, action="operator.password_refused", subject=who, at=now)
        return False
    await database.execute("update operator set password_hash = $2 where id = $1", operator_id, password_hash)
    await sessions.end_all(operator_id, reason="password", now=now, besides=session)
    await audit.append(actor=who, action="operator.password_changed", subject=who, at=now)
    return True


async def new_hash(operator_id: UUID, password: str) -> str:
    """The hash of a password strong enough; raises `PasswordTooWeak`."""
    passwords.require_strong(password, login=(await one(operator_id)).login)
    return await passwords.hashed_aside(password)


async def ask_reset(operator_id: UUID, *, reason: str, actor: UUID, now: datetime) -> UUID:
    """Asks a second officer to approve a new second factor; never for oneself. Raises `NotFound`."""
    if operator_id == actor:
        raise NotOneself
    await one(operator_id)
    return await four_eyes.ask(action=RESET, subject=f"operator:{operator_id}", reason=reason, operator=actor, now=now)


async def reset(approval_id: UUID, *, ring: crypto.KeyRing, actor: UUID, now: datetime) -> tuple[str, str]:
    """Spends the approval: a new secret, no session left. (login, secret); the secret is shown once."""
    asked = await four_eyes.one(approval_id)
    if asked.action != RESET:
        raise NotFound
    await four_eyes.spend(approval_id, action=RESET, subject=asked.subject, operator=actor, now=now)
    operator_id, secret = UUID(asked.subject.removeprefix("operator:")), one_time_codes.new_secret()
    await database.execute(
        "update operator set totp_secret = $2, totp_step = 0, failures = 0, locked_until = null where id = $1",
        operator_id,
        ring.seal(secret.encode(), context=seal_context(operator_id)),
    )
    await sessions.end_all(operator_id, reason="second_factor", now=now)
    await audit.append(actor=f"operator:{actor}", action=RESET, subject=asked.subject, at=now)
    return (await one(operator_id)).login, secret
