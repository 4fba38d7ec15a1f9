"""Teams: a pot that members give points into, within a daily limit. Points never go back out to a resident.

Off unless the district switches teams on together with the leaderboard (`GW_LEADERBOARD`).
"""

from datetime import datetime
from uuid import UUID

from domain.kernel import clock, database, settings
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id
from rewards import ledger, people
from rewards.badges import BoardOff
from rewards.ledger import Movement, Posted

GIFT_DAILY_MAX = 100
MEMBERS_SHOWN_MIN = 10


class GiftLimit(Refusal):
    """The person has given all they may today."""

    code = "gift-limit-reached"
    title = Text("已达到当日赠予上限", "The daily limit of gifts is reached")
    advice = Text("请明日再赠。", "Give again tomorrow.")


async def found(name: str, *, founder: UUID, now: datetime) -> UUID:
    """A new team with its first member. Raises `BoardOff` where the district has no teams."""
    if not settings.current().leaderboard:
        raise BoardOff
    team = new_id()
    await database.execute("insert into team (id, name, made_at) values ($1, $2, $3)", team, name, now)
    await join(team, account=founder, now=now)
    return team


async def join(team: UUID, *, account: UUID, now: datetime) -> None:
    """Own choice; again changes nothing. Raises `NotFound`."""
    if not await database.fetch_value("select true from team where id = $1", team):
        raise NotFound
    await database.execute(
        "insert into team_member (id, team, account, joined_at) values ($1, $2, $3, $4) on conflict (team, account)"
        " do nothing",
        new_id(),
        team,
        account,
        now,
    )


async def leave(team: UUID, *, account: UUID) -> None:
    """Out at once; what was given stays with the team."""
    await database.execute("delete from team_member where team = $1 and account = $2", team, account)


async def give(team: UUID, *, account: UUID, points: int, key: str, now: datetime) -> Posted:
    """A member gives points, within the day's limit per person. Raises `NotFound`, `GiftLimit`, `BalanceTooLow`."""
    member = await database.fetch_value("select true from team_member where team = $1 and account = $2", team, account)
    if not member:
        raise NotFound
    purse = await ledger.account(owner=account, kind="resident", unit="points", now=now)
    movement = Movement(
        key=ledger.keyed("gift", account, key),
        kind="gift",
        debit=purse,
        credit=await ledger.account(owner=team, kind="team", unit="points", now=now),
        amount=points,
        occurred_at=now,
        rule="gift",
    )
    posted = await ledger.post(movement, now=now)
    if posted.replayed:
        return posted
    free = await database.fetch_value(
        "select cap_take($1, array['gift'], array[$2], array[$3::bigint], $4)",
        await people.person_of(account),
        clock.local_day(now).isoformat(),
        GIFT_DAILY_MAX,
        points,
    )
    if free < points:
        raise GiftLimit
    return posted


async def board() -> list[tuple[str, int, int]]:
    """(name, members, points) of teams with at least `MEMBERS_SHOWN_MIN` members, best first. Raises `BoardOff`."""
    if not settings.current().leaderboard:
        raise BoardOff
    rows = await database.fetch(
        "select t.name, count(m.id)::int as members, coalesce(max(a.balance), 0)::bigint as points from team t"
        " join team_member m on m.team = t.id left join reward_account a on a.owner = t.id and a.kind = 'team'"
        " and a.unit = 1 group by t.id, t.name having count(m.id) >= $1 order by points desc, t.name limit 50",
        MEMBERS_SHOWN_MIN,
    )
    return [(row["name"], row["members"], row["points"]) for row in rows]
