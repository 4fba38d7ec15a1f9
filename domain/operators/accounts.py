"""Officers' accounts: made, changed and disabled by an administrator, each act in the audit trail."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from domain.kernel import audit, crypto, database
from domain.kernel.errors import Invalid, NotFound, Refusal, Text
from domain.kernel.ids import new_id
from domain.operators import one_time_codes, passwords, sessions

ROLES = {
    "clerk": Text("办理", "works on reports, cases and disclosure"),
    "reviewer": Text("复核", "decides what needs a second person"),
    "auditor": Text("监督审计", "reads everything, including the audit trail; looks into what turned red"),
    "administrator": Text("管理", "manages officers' accounts"),
}
LOGIN_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")


class LoginTaken(Refusal):
    """Another officer has this login."""

    code = "login-taken"
    title = Text("登录名已被使用", "The login is taken")
    advice = Text("请换一个登录名。", "Choose another login.")


class NotOneself(Refusal):
    """An act on one's own account that needs somebody else."""

    code = "not-oneself"
    status = 403
    title = Text("不能对自己执行此操作", "Not on your own account or request")
    advice = Text("请由另一位操作员办理。", "Another officer has to do it.")


class Officer(NamedTuple):
    """What officers may know about each other."""

    id: UUID
    login: str
    name: str
    roles: list[str]
    status: str
    created_at: datetime


def seal_context(operator_id: UUID) -> str:
    """Binds a sealed TOTP secret to its account."""
    return f"operator-totp:{operator_id}"


def require_roles(roles: Collection[str]) -> list[str]:
    """The roles sorted; raises `Invalid` for an unknown or empty set."""
    if not roles or not set(roles) <= set(ROLES):
        raise Invalid(Text("角色无效", f"roles are {', '.join(ROLES)}"), field="roles")
    return sorted(set(roles))


async def create(
    *,
    login: str,
    name: str,
    password: str,
    roles: Collection[str],
    ring: crypto.KeyRing,
    actor: str,
    now: datetime,
    totp_secret: str | None = None,
) -> tuple[UUID, str]:
    """A new officer in the caller's transaction; returns the id and the TOTP secret, which is shown once."""
    if not login or not set(login) <= LOGIN_CHARS:
        raise Invalid(Text("登录名只能含小写字母、数字和 . - _", "a-z, 0-9 and . - _ only"), field="login")
    passwords.require_strong(password, login=login)
    operator_id, secret = new_id(), totp_secret or one_time_codes.new_secret()
    chosen = require_roles(roles)
    try:
        await database.execute(
            "insert into operator (id, login, name, password_hash, totp_secret, totp_step, roles, status, failures,"
            " created_at) values ($1, $2, $3, $4, $5, 0, $6, 'active', 0, $7)",
            operator_id,
            login,
            name,
            passwords.hashed(password),
            ring.seal(secret.encode(), context=seal_context(operator_id)),
            chosen,
            now,
        )
    except asyncpg.UniqueViolationError as taken:
        raise LoginTaken(field="login") from taken
    subject = f"operator:{operator_id}"
    await audit.append(actor=actor, action="operator.created", subject=subject, at=now, detail={"roles": chosen})
    return operator_id, secret


async def set_roles(operator_id: UUID, *, roles: Collection[str], actor: UUID, now: datetime) -> None:
    """Changes what an officer may do, at once; never one's own roles."""
    if operator_id == actor:
        raise NotOneself
    chosen = require_roles(roles)
    tag = await database.execute("update operator set roles = $2 where id = $1", operator_id, chosen)
    _require_one(tag)
    subject = f"operator:{operator_id}"
    await audit.append(
        actor=f"operator:{actor}", action="operator.roles_set", subject=subject, at=now, detail={"roles": chosen}
    )


async def disable(operator_id: UUID, *, reason: str, actor: UUID, now: datetime) -> None:
    """Ends an officer's access and sessions at once; never one's own."""
    if operator_id == actor:
        raise NotOneself
    _require_one(await database.execute("update operator set status = 'disabled' where id = $1", operator_id))
    await sessions.end_all(operator_id, reason="disabled", now=now)
    await audit.append(
        actor=f"operator:{actor}",
        action="operator.disabled",
        subject=f"operator:{operator_id}",
        at=now,
        detail={"reason": reason},
    )


def _require_one(tag: str) -> None:
    if tag != "UPDATE 1":
        raise NotFound


COLUMNS = "id, login, name, roles, status, created_at"


async def all_officers() -> list[Officer]:
    """Every officer, by login."""
    return [Officer(*row) for row in await database.fetch(f"select {COLUMNS} from operator order by login")]


async def one(operator_id: UUID) -> Officer:
    """One officer; raises `NotFound`."""
    row = await database.fetch_row(f"select {COLUMNS} from operator where id = $1", operator_id)
    if row is None:
        raise NotFound
    return Officer(*row)
