"""The chain of custody of an original: every act appended in the transaction of the act."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import database

Act = Literal[
    "received", "rejected", "claimed", "opened", "redacted", "hidden", "shown", "held", "released", "deleted", "missing"
]
REASON_CHARS_MAX = 200


class CustodyEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One act."""

    at: datetime
    act: str
    actor: str
    reason: str | None


async def append(photo: UUID, act: Act, *, actor: str, at: datetime, reason: str | None = None) -> None:
    """One entry; `actor` is "sender", "system" or "operator:<uuid>", never an account."""
    await database.execute(
        "insert into photo_custody (photo, at, act, actor, reason) values ($1, $2, $3, $4, $5)",
        photo,
        at,
        act,
        actor,
        reason[:REASON_CHARS_MAX] if reason else None,
    )


async def of(photo: UUID) -> list[CustodyEntry]:
    """All entries, oldest first."""
    rows = await database.fetch("select at, act, actor, reason from photo_custody where photo = $1 order by id", photo)
    return [CustodyEntry(**dict(row)) for row in rows]
