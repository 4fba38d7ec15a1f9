"""Telling many: the district, a town, everybody near a place. One row each; inboxes take it in when they are looked at.

`materialise` writes the inbox lines of a broadcast at once, where they must be there before anybody looks (counts on
icons); it goes through the people in batches and can be stopped and repeated.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.errors import Text
from notifications import announcing
from notifications.notices import Notice

BATCH = 20_000
Audience = Literal["district", "town", "area"]
NEXT = """
with batch as (select owner from notice_owner where owner > $2 order by owner limit $3),
told as (
  insert into inbox_message (owner, announcement)
  select b.owner, a.id from batch b, announcement a
  where a.id = $1 and (a.audience = 'district' or exists (
    select 1 from notice_follow f where f.owner = b.owner and f.audience = any(a.reach) and f.since <= a.at))
  order by b.owner on conflict (owner, announcement) do nothing)
select max(owner::text)::uuid from batch
"""


class Broadcast(msgspec.Struct, frozen=True, kw_only=True):
    """Words for many. `urgent` ones are alerts: they may be pushed in quiet hours."""

    audience: Audience
    reach: tuple[str, ...]
    headline: Text
    message: Text
    urgent: bool


async def announce(broadcast: Broadcast, *, subject: str, at: datetime) -> int | None:
    """One announcement, in the caller's transaction; None when nobody follows what it is for."""
    notice = Notice(
        wording="area_alert" if broadcast.urgent else "district_notice",
        subject=subject,
        facts={"headline": list(broadcast.headline), "message": list(broadcast.message)},
        audience=broadcast.audience,
        reach=broadcast.reach,
    )
    return await announcing.tell_audience(notice, event_id=0, at=at)


async def materialise(announcement: int) -> int:
    """Writes the inbox line of everybody it is for, a transaction per batch; returns how many batches."""
    after, batches = UUID(int=0), 0
    while True:
        async with database.transaction():
            last = await database.fetch_value(NEXT, announcement, after, BATCH)
        if last is None:
            return batches
        after, batches = last, batches + 1
