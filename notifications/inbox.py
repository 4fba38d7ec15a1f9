"""A person's inbox: the truth about what they were told. Broadcasts flow in when the inbox is looked at.

An announcement to a whole audience is one row. Each person's `pulled` mark is a transaction horizon: a broadcast that
commits late is never skipped, and pulling twice adds nothing.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.errors import NotFound
from notifications import preferences, recipients
from notifications.catalogue import CATALOGUE
from notifications.preferences import FIRST_LOOK, Preferences
from notifications.wording import Language, for_inbox

UNREAD_SHOWN_MAX = 99  # the count stops there; phones show "99+"
PAGE_MAX = 100


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One message as its owner reads it."""

    id: int
    topic: str
    title: str
    body: str
    at: datetime
    read: bool
    archived: bool
    subject: str
    page: str


# The newest broadcast alone is looked at, by its index: whether it came after the person's mark.
NEWS = """
coalesce((select a.xid from announcement a where a.audience not in ('person', 'many') order by a.xid desc limit 1)
  >= coalesce((select pulled from notice_owner where owner = $1), 0)::text::xid8, false)
"""
UNREAD = f"""
select (select count(*) from (select 1 from inbox_message where owner = $1 and read_at is null and archived_at is null
  limit {UNREAD_SHOWN_MAX + 1}) few) as unread, {NEWS} as news
"""
PULL = """
with me as (select pulled from notice_owner where owner = $1 for update)
insert into inbox_message (owner, announcement)
select $1, a.id from announcement a, me
where a.audience not in ('person', 'many') and a.xid >= me.pulled::text::xid8 and a.at > $2
  and (a.audience = 'district' or exists (
    select 1 from notice_follow f where f.owner = $1 and f.audience = any(a.reach) and f.since <= a.at))
order by a.id on conflict (owner, announcement) do nothing
"""
OWNER = """
insert into notice_owner (owner, recipient, language, big_print, quiet_from, quiet_to, digest, muted, sms_topics,
  pulled, updated_at) values ($1, $2, 'zh', false, $3, $4, false, '[]', '[]', 0, $5) on conflict (owner) do nothing
"""


async def ensure_owner(account_id: UUID, *, now: datetime) -> UUID:
    """The person's tag, with a row of default choices behind it."""
    owner, usual = recipients.tag_of(account_id), preferences.DEFAULT
    await database.execute(OWNER, owner, recipients.seal(account_id), usual.quiet_from, usual.quiet_to, now)
    return owner


async def pull(account_id: UUID, *, now: datetime) -> None:
    """Takes in the broadcasts since the last look, in the caller's transaction.

    The mark is taken from a snapshot older than the reading one, so nothing between the two is missed.
    """
    owner = await ensure_owner(account_id, now=now)
    horizon = await database.fetch_value("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    await database.execute(PULL, owner, now - FIRST_LOOK)
    await database.execute("update notice_owner set pulled = $2 where owner = $1", owner, horizon)


async def unread(account_id: UUID, *, now: datetime) -> int:
    """How many messages wait, at most `UNREAD_SHOWN_MAX` + 1. One indexed statement unless a broadcast is new."""
    owner = recipients.tag_of(account_id)
    row = await database.fetch_row(UNREAD, owner)
    if row is not None and row["news"]:
        async with database.transaction():
            await pull(account_id, now=now)
        row = await database.fetch_row(UNREAD, owner)
    return int(row["unread"]) if row is not None else 0


SELECT = """
select m.id, m.read_at, m.archived_at, a.wording, a.topic, a.subject, a.facts, a.at
from inbox_message m join announcement a on a.id = m.announcement
"""
LIST = f"""
{SELECT} where m.owner = $1 and ($2::bigint is null or m.id < $2) and (m.archived_at is not null) = $3
  and ($4::text is null or a.topic = $4) and (not $5 or m.read_at is null) order by m.id desc limit $6
"""


async def page(
    account_id: UUID,
    *,
    now: datetime,
    before: int | None = None,
    limit: int = 20,
    topic: str | None = None,
    archived: bool = False,
    unread_only: bool = False,
    language: Language | None = None,
) -> list[Line]:
    """Messages, newest first, in the person's language and print size; broadcasts are taken in on the first page."""
    owner = recipients.tag_of(account_id)
    if before is None:
        await unread(account_id, now=now)
    rows = await database.fetch(LIST, owner, before, archived, topic, unread_only, min(limit, PAGE_MAX))
    chosen = await preferences.of_one(owner)
    return [line_of(row, chosen, language=language) for row in rows]


def line_of(row: Any, chosen: Preferences, *, language: Language | None = None) -> Line:
    """One row of `SELECT` in words."""
    wording = CATALOGUE[row["wording"]]
    facts = msgspec.json.decode(row["facts"])
    said = for_inbox(wording, facts, language=language or chosen.language, big_print=chosen.big_print)
    return Line(
        id=row["id"],
        topic=row["topic"],
        title=said.title,
        body=said.body,
        at=row["at"],
        read=row["read_at"] is not None,
        archived=row["archived_at"] is not None,
        subject=row["subject"],
        page=wording.page,
    )


async def mark_read(account_id: UUID, message_id: int, *, now: datetime) -> None:
    """Marks one message read; again changes nothing. Raises `NotFound` for a message that is not theirs."""
    await _mark(account_id, message_id, "read_at = coalesce(read_at, $3)", now=now)


async def archive(account_id: UUID, message_id: int, *, now: datetime) -> None:
    """Puts one message away and marks it read; raises `NotFound`."""
    await _mark(
        account_id, message_id, "archived_at = coalesce(archived_at, $3), read_at = coalesce(read_at, $3)", now=now
    )


async def _mark(account_id: UUID, message_id: int, change: str, *, now: datetime) -> None:
    tag = await database.execute(
        f"update inbox_message set {change} where owner = $1 and id = $2",
        recipients.tag_of(account_id),
        message_id,
        now,
    )
    if tag != "UPDATE 1":
        raise NotFound


async def mark_all_read(account_id: UUID, *, up_to: int, now: datetime) -> int:
    """Marks everything up to and including `up_to` read; returns how many were unread."""
    tag = await database.execute(
        "update inbox_message set read_at = $3"
        " where owner = $1 and id <= $2 and read_at is null and archived_at is null",
        recipients.tag_of(account_id),
        up_to,
        now,
    )
    return int(tag.split()[-1])
