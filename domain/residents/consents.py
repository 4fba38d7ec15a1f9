"""What a person agreed to: each answer names the text it was given to; the latest per purpose counts."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.ids import new_id

Purpose = Literal["terms", "notifications", "points", "location_tracks", "steps", "marketing", "guardian", "under_14"]


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """The answer in force for one purpose."""

    purpose: str
    given: bool
    text_version: str
    channel: str
    at: datetime


async def record(
    account_id: UUID, *, purpose: Purpose, given: bool, text_version: str, channel: str, now: datetime
) -> None:
    """Appends one answer, in the caller's transaction. A withdrawal is an answer with `given=False`."""
    await database.execute(
        "insert into consent_record (id, account, purpose, given, text_version, channel, at)"
        " values ($1, $2, $3, $4, $5, $6, $7)",
        new_id(),
        account_id,
        purpose,
        given,
        text_version,
        channel,
        now,
    )


async def in_force(account_id: UUID) -> list[Consent]:
    """The latest answer per purpose."""
    rows = await database.fetch(
        "select distinct on (purpose) purpose, given, text_version, channel, at from consent_record"
        " where account = $1 order by purpose, at desc, id desc",
        account_id,
    )
    return [Consent(**dict(row)) for row in rows]


async def agreed(account_id: UUID, *, purpose: Purpose) -> bool:
    """Whether the person has agreed and not withdrawn."""
    given = await database.fetch_value(
        "select given from consent_record where account = $1 and purpose = $2 order by at desc, id desc limit 1",
        account_id,
        purpose,
    )
    return bool(given)
