"""Partners and the residents who allowed them: every scene is authorised by the resident and can be ended."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import audit, crypto, database, settings
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id

SECRET_BYTES = 32


class PartnerTaken(Refusal):
    """The code is in use."""

    code = "partner-code-taken"
    title = Text("合作方代码已存在", "The partner's code is taken")
    advice = Text("请换一个代码。", "Choose another code.")


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """A partner with its opened key; never sent anywhere."""

    id: UUID
    code: str
    kind: str
    secret: bytes
    operators: list[str]
    behaviours: list[str]


async def register(
    *,
    code: str,
    title: str,
    kind: Literal["provider", "merchant"],
    operators: Sequence[str],
    behaviours: Sequence[str],
    by: str,
    now: datetime,
) -> str:
    """Makes a partner; its secret is returned here and never again. Raises `PartnerTaken`."""
    secret, sealed = _new_secret(code)
    made = await database.fetch_value(
        "insert into reward_partner (id, code, title, kind, secret, operators, behaviours, active, made_at)"
        " values ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, true, $8) on conflict (code) do nothing returning id",
        new_id(),
        code,
        title,
        kind,
        sealed,
        msgspec.json.encode(list(operators)).decode(),
        msgspec.json.encode(list(behaviours)).decode(),
        now,
    )
    if made is None:
        raise PartnerTaken(field="code")
    await audit.append(actor=by, action="partner.registered", subject=f"partner:{code}", at=now)
    return secret


def _new_secret(code: str) -> tuple[str, bytes]:
    """(secret, sealed)."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return secret, crypto.key_ring(settings.current().seal_keys).seal(secret.encode(), context=f"partner:{code}")


async def replace_secret(code: str, *, by: str, now: datetime) -> str:
    """A new secret; the old one is worthless from this moment. Raises `NotFound`."""
    secret, sealed = _new_secret(code)
    if not await database.fetch_value(
        "update reward_partner set secret = $2 where code = $1 returning true", code, sealed
    ):
        raise NotFound
    await audit.append(actor=by, action="partner.secret-replaced", subject=f"partner:{code}", at=now)
    return secret


async def set_active(code: str, *, active: bool, by: str, now: datetime) -> None:
    """A partner that is not active is answered like an unknown one. Raises `NotFound`."""
    if not await database.fetch_value(
        "update reward_partner set active = $2 where code = $1 returning true", code, active
    ):
        raise NotFound
    action = "partner.resumed" if active else "partner.suspended"
    await audit.append(actor=by, action=action, subject=f"partner:{code}", at=now)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A partner as officers see it."""

    code: str
    title: str
    kind: str
    active: bool
    links: int  # residents who allow it at present


async def listed() -> list[Listed]:
    """All partners by code."""
    rows = await database.fetch(
        "select p.code, p.title, p.kind, p.active, count(l.id) filter (where l.ended_at is null)::int as links"
        " from reward_partner p left join partner_link l on l.partner = p.id group by p.id order by p.code"
    )
    return [Listed(**dict(row)) for row in rows]


async def find(code: str, *, kind: str) -> Partner | None:
    """An active partner of the kind, or None."""
    row = await database.fetch_row(
        "select id, code, kind, secret, operators, behaviours from reward_partner"
        " where code = $1 and kind = $2 and active",
        code,
        kind,
    )
    if row is None:
        return None
    ring = crypto.key_ring(settings.current().seal_keys)
    return Partner(
        id=row["id"],
        code=row["code"],
        kind=row["kind"],
        secret=ring.open(row["secret"], context=f"partner:{row['code']}"),
        operators=msgspec.json.decode(row["operators"]),
        behaviours=msgspec.json.decode(row["behaviours"]),
    )


async def link(account: UUID, *, code: str, now: datetime) -> UUID:
    """Allows a provider to report this resident's deeds; the name it will know them by. Raises `NotFound`."""
    partner = await database.fetch_value(
        "select id from reward_partner where code = $1 and kind = 'provider' and active", code
    )
    if partner is None:
        raise NotFound
    found: UUID = await database.fetch_value(
        "insert into partner_link (id, partner, account, made_at) values ($1, $2, $3, $4)"
        " on conflict (partner, account) where ended_at is null do update set partner = excluded.partner returning id",
        new_id(),
        partner,
        account,
        now,
    )
    return found


async def unlink(account: UUID, *, code: str, now: datetime) -> None:
    """Ends it: later events for this name are refused. Safe to repeat."""
    await database.execute(
        "update partner_link set ended_at = $3 where account = $1 and ended_at is null"
        " and partner = (select id from reward_partner where code = $2)",
        account,
        code,
        now,
    )


async def accounts_of(partner: Partner, subjects: Sequence[UUID]) -> dict[UUID, UUID]:
    """The accounts behind the names a partner knows; ended ones are missing."""
    rows = await database.fetch(
        "select id, account from partner_link where partner = $1 and id = any($2) and ended_at is null",
        partner.id,
        list(subjects),
    )
    return {row["id"]: row["account"] for row in rows}
