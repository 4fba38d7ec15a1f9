"""Other sources with an API key: hotlines, sensors, Open311 clients. A key opens only what it was given."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import audit, database
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id
from domain.reports.drafts import Channel

Scope = Literal["reports:write", "open311:write"]
KEY_BYTES = 20  # 160 random bits: no slow hash is needed
KEY_PREFIX = "gwk_"


class KeyRefused(Refusal):
    """No key, an unknown or revoked one, or one without the scope or channel."""

    code = "api-key-refused"
    status = 403
    title = Text("接口密钥无效或无此权限", "The API key is missing, unknown or not allowed to do this")
    advice = Text("请核对 X-Api-Key 及其授权范围。", "Check X-Api-Key and what it was issued for.")


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """Another source."""

    id: UUID
    name: str
    channels: list[Channel]
    scopes: list[Scope]

    @property
    def principal(self) -> str:
        """The partner in keys and the audit trail."""
        return f"partner:{self.id}"


@lru_cache(maxsize=1024)
def key_hash(key: str) -> bytes:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).digest()


async def admit(
    *, name: str, channels: Sequence[Channel], scopes: Sequence[Scope], by: str, now: datetime, key: str | None = None
) -> tuple[UUID, str]:
    """A new partner and its key, shown only now, in the caller's transaction. A given `key` is for demonstrations."""
    key, partner_id = key or KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES), new_id()
    await database.execute(
        "insert into partner (id, name, key_hash, channels, scopes, created_at)"
        " values ($1, $2, $3, $4::jsonb, $5::jsonb, $6)",
        partner_id,
        name,
        key_hash(key),
        msgspec.json.encode(list(channels)).decode(),
        msgspec.json.encode(list(scopes)).decode(),
        now,
    )
    detail = {"name": name, "channels": list(channels), "scopes": list(scopes)}
    await audit.append(actor=by, action="partner.admit", subject=f"partner:{partner_id}", at=now, detail=detail)
    return partner_id, key


async def revoke(partner_id: UUID, *, by: str, now: datetime) -> None:
    """Stops the key at once, in the caller's transaction; raises `NotFound`."""
    gone = await database.fetch_value(
        "update partner set revoked_at = coalesce(revoked_at, $2) where id = $1 returning id", partner_id, now
    )
    if gone is None:
        raise NotFound
    await audit.append(actor=by, action="partner.revoke", subject=f"partner:{partner_id}", at=now)


async def of_key(key: str | None, *, scope: Scope) -> Partner:
    """The partner of a key; raises `KeyRefused`."""
    row = None
    if key:
        row = await database.fetch_row(
            "select id, name, channels, scopes from partner where key_hash = $1 and revoked_at is null",
            key_hash(key[:100]),
        )
    if row is None:
        raise KeyRefused
    partner = Partner(
        id=row["id"],
        name=row["name"],
        channels=msgspec.json.decode(row["channels"]),
        scopes=msgspec.json.decode(row["scopes"]),
    )
    if scope not in partner.scopes:
        raise KeyRefused
    return partner


async def listed() -> list[Partner]:
    """All partners whose key works, by name."""
    rows = await database.fetch(
        "select id, name, channels, scopes from partner where revoked_at is null order by name, id"
    )
    return [
        Partner(
            id=row["id"],
            name=row["name"],
            channels=msgspec.json.decode(row["channels"]),
            scopes=msgspec.json.decode(row["scopes"]),
        )
        for row in rows
    ]
