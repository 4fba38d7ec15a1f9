"""Activities: published by verified organisations, signed up for by people themselves, with a waiting list."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.disclosure import river_page
from domain.kernel import audit, clock, crypto, database, outbox, settings
from domain.kernel.errors import Invalid, NotFound, Refusal, Text
from domain.kernel.ids import new_id
from domain.residents import consents
from rewards import people
from rewards.events import PlaceGiven

GUARDIAN_AGE = 14
KINDS = ("volunteering", "river-patrol")
LENGTH_MAX = timedelta(hours=12)


class NotOrganiser(Refusal):
    """Only an organiser of the verified organisation may do this."""

    code = "not-organiser"
    status = 403
    title = Text("仅限该组织的组织者", "Only for organisers of this organisation")
    advice = Text("请由已认证组织的组织者操作。", "An organiser of a verified organisation has to do it.")


class SignupRefused(Refusal):
    """Too young, overlapping with another activity, or too late."""

    code = "signup-refused"
    title = Text("不能报名", "Signing up is not possible")
    advice = Text("请查看活动要求。", "See what the activity asks for.")


class NewActivity(msgspec.Struct, frozen=True, kw_only=True):
    """What is published."""

    organisation: UUID
    behaviour: str
    title: Text
    programme: str
    lat: float
    lon: float
    radius_m: int
    starts_at: datetime
    ends_at: datetime
    capacity: int
    age_min: int = 0
    distance_min_m: int = 0
    minutes_min: int = 30
    river: str | None = None  # code, of a river patrol


async def found(name: str, *, credit_code: str | None, organisers: list[UUID], by: str, now: datetime) -> UUID:
    """A verified organisation with its organisers; the officer who verified it is in the audit trail."""
    organisation = new_id()
    await database.execute(
        "insert into organisation (id, name, credit_code, verified_at, verified_by, made_at) values ($1, $2, $3, $4,"
        " $5, $4)",
        organisation,
        name,
        credit_code,
        now,
        by,
    )
    await database.execute(
        "insert into organiser (id, organisation, account) select u.id, $1, u.account"
        " from unnest($2::uuid[], $3::uuid[]) as u(id, account)",
        organisation,
        [new_id() for _ in organisers],
        organisers,
    )
    await audit.append(actor=by, action="organisation.verified", subject=f"organisation:{organisation}", at=now)
    return organisation


async def require_organiser(account: UUID, *, organisation: UUID) -> None:
    """Raises `NotOrganiser`."""
    known = await database.fetch_value(
        "select true from organiser r join organisation o on o.id = r.organisation"
        " where r.account = $1 and r.organisation = $2 and o.verified_at is not null",
        account,
        organisation,
    )
    if not known:
        raise NotOrganiser


async def publish(new: NewActivity, *, by: UUID, now: datetime) -> UUID:
    """Publishes an activity; raises `NotOrganiser`, `Invalid`, or `NotFound` for an unknown river."""
    await require_organiser(by, organisation=new.organisation)
    if new.behaviour not in KINDS or not now < new.starts_at < new.ends_at <= new.starts_at + LENGTH_MAX:
        raise Invalid(Text("类型或时间不合理", "The kind or the times do not fit"), field="starts_at")
    if new.river is not None:
        await river_page.river(new.river, today=clock.local_day(now))
    activity = new_id()
    key = crypto.key_ring(settings.current().seal_keys).seal(secrets.token_bytes(32), context=f"site:{activity}")
    await database.execute(
        "insert into activity (id, organisation, behaviour, title_zh, title_en, programme, lat, lon, radius_m,"
        " starts_at,"
        " ends_at, capacity, age_min, distance_min_m, minutes_min, site_key, state, published_at, published_by, river)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'open', $17, $18, $19)",
        activity,
        new.organisation,
        new.behaviour,
        new.title.zh,
        new.title.en,
        new.programme,
        new.lat,
        new.lon,
        new.radius_m,
        new.starts_at,
        new.ends_at,
        new.capacity,
        new.age_min,
        new.distance_min_m,
        new.minutes_min,
        key,
        now,
        by,
        new.river,
    )
    return activity


async def one(activity: UUID) -> Any:
    """The activity's row; raises `NotFound`."""
    row = await database.fetch_row("select * from activity where id = $1", activity)
    if row is None:
        raise NotFound
    return row


def site_key(row: Any) -> bytes:
    """The key of the activity's rotating code."""
    ring = crypto.key_ring(settings.current().seal_keys)
    return ring.open(row["site_key"], context=f"site:{row['id']}")


OVERLAPPING = """
select true from activity_signup s join activity a on a.id = s.activity
where s.person = $1 and s.state = 'in' and a.state = 'open' and a.id <> $2 and a.starts_at < $4 and a.ends_at > $3
limit 1
"""


async def sign_up(activity: UUID, *, account: UUID, age: int, device_key: bytes | None, now: datetime) -> str:
    """`in`, or `waiting` when it is full; again: the same. Raises `SignupRefused`. The age is checked, not stored."""
    row = await database.fetch_row("select * from activity where id = $1 for update", activity)
    if row is None or row["state"] != "open":
        raise NotFound
    person = await people.person_of(account)
    if age < row["age_min"] or now >= row["ends_at"]:
        raise SignupRefused
    if age < GUARDIAN_AGE and not await consents.agreed(account, purpose="guardian"):
        raise SignupRefused(Text("未满 14 周岁须监护人同意", "Under 14 a guardian's consent is needed"))
    if await database.fetch_value(OVERLAPPING, person, activity, row["starts_at"], row["ends_at"]):
        raise SignupRefused(Text("与已报名的活动时间重叠", "It overlaps another activity you are in"))
    taken = await _taken(activity, but=account)
    state = "in" if taken < row["capacity"] else "waiting"
    stored: str = await database.fetch_value(
        "insert into activity_signup (id, activity, account, person, state, device_key, made_at)"
        " values ($1, $2, $3, $4, $5, $6, $7) on conflict (activity, account) do update set"
        " state = case when activity_signup.state = 'cancelled' then excluded.state else activity_signup.state end,"
        " device_key = coalesce(excluded.device_key, activity_signup.device_key) returning state",
        new_id(),
        activity,
        account,
        person,
        state,
        device_key,
        now,
    )
    return stored


async def _taken(activity: UUID, *, but: UUID) -> int:
    count: int = await database.fetch_value(
        "select count(*) from activity_signup where activity = $1 and state = 'in' and account <> $2", activity, but
    )
    return count


async def cancel(activity: UUID, *, account: UUID, now: datetime) -> UUID | None:
    """Gives the place up before the start; the next person waiting moves in and is returned, to be told."""
    row = await database.fetch_row("select * from activity where id = $1 for update", activity)
    gone = await database.fetch_value(
        "update activity_signup s set state = 'cancelled' from activity a where a.id = s.activity and s.activity = $1"
        " and s.account = $2 and s.state <> 'cancelled' and a.starts_at > $3 returning s.id",
        activity,
        account,
        now,
    )
    if gone is None:
        raise NotFound
    moved: UUID | None = await database.fetch_value(
        "update activity_signup set state = 'in' where id = (select id from activity_signup where activity = $1"
        " and state = 'waiting' order by made_at, id limit 1) and (select count(*) from activity_signup"
        " where activity = $1 and state = 'in') < (select capacity from activity where id = $1) returning account",
        activity,
    )
    if moved is not None and row is not None:
        title = [row["title_zh"], row["title_en"]]
        told = PlaceGiven(activity_id=activity, account_id=moved, title=title, starts_at=row["starts_at"])
        await outbox.record(told, at=now)
    return moved


async def upcoming(*, now: datetime, limit: int = 100) -> list[dict[str, Any]]:
    """Open activities that have not ended, soonest first; with how many are in."""
    rows = await database.fetch(
        "select a.id, o.name as organisation, a.behaviour, a.title_zh, a.title_en, a.programme, a.lat, a.lon,"
        " a.radius_m, a.river,"
        " a.starts_at, a.ends_at, a.capacity, a.age_min, (select count(*) from activity_signup s"
        " where s.activity = a.id and s.state = 'in')::int as signed_up from activity a"
        " join organisation o on o.id = a.organisation where a.state = 'open' and a.ends_at > $1 order by"
        " a.starts_at limit $2",
        now,
        limit,
    )
    return [dict(row) for row in rows]


MINE = """
select s.id, s.activity, a.behaviour, a.title_zh, a.title_en, a.starts_at, a.ends_at, a.state as activity_state,
  s.state, t.state as attendance, t.in_at, t.out_at, t.minutes, c.state as claim_state, w.minutes as credited
from activity_signup s join activity a on a.id = s.activity left join attendance t on t.id = s.id
left join reward_claim c on c.id = t.claim left join reward_award w on w.claim = c.id
where s.account = $1 and ($2::uuid is null or s.id < $2) order by s.id desc limit $3
"""


async def mine(account: UUID, *, before: UUID | None, limit: int) -> list[dict[str, Any]]:
    """What the resident signed up for, latest first, with the hours that came of it; `id` names the attendance too."""
    return [dict(row) for row in await database.fetch(MINE, account, before, limit)]
