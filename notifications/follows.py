"""Towns and square kilometres people follow. A broadcast for an area reaches those who followed it before."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.errors import Refusal, Text
from domain.kernel.ids import new_id
from notifications import inbox, recipients

FOLLOWS_MAX = 50


class TooManyFollows(Refusal):
    """A person follows at most `FOLLOWS_MAX` things."""

    code = "too-many-follows"
    status = 409
    title = Text("关注数量已达上限", "You follow as many things as you can")
    advice = Text("请先取消一些关注。", "Stop following something first.")


class Follow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing followed, since when."""

    audience: str
    since: datetime


async def follow(account_id: UUID, audience: str, *, now: datetime) -> None:
    """Begins to follow, in the caller's transaction; again changes nothing. Raises `TooManyFollows`."""
    owner = await inbox.ensure_owner(account_id, now=now)
    await database.execute("select 1 from notice_owner where owner = $1 for update", owner)
    many = await database.fetch_value(
        "select count(*) from notice_follow where owner = $1 and audience <> $2", owner, audience
    )
    if many >= FOLLOWS_MAX:
        raise TooManyFollows
    await database.execute(
        "insert into notice_follow (id, owner, audience, since) values ($1, $2, $3, $4) on conflict do nothing",
        new_id(),
        owner,
        audience,
        now,
    )


async def unfollow(account_id: UUID, audience: str) -> None:
    """Stops following; what was told stays in the inbox."""
    await database.execute(
        "delete from notice_follow where owner = $1 and audience = $2", recipients.tag_of(account_id), audience
    )


async def followed(account_id: UUID) -> list[Follow]:
    """Everything the person follows."""
    rows = await database.fetch(
        "select audience, since from notice_follow where owner = $1 order by since", recipients.tag_of(account_id)
    )
    return [Follow(audience=row["audience"], since=row["since"]) for row in rows]
