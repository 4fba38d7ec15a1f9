"""Following other people's public reports, and alerts for an area of one's choice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.geo import Point, distance_m
from domain.kernel.ids import new_id
from domain.reports import public_map
from domain.reports.categories import CATEGORIES

ALERTS_MAX = 10
ALERT_DECIMALS = 3  # about 110 m: where somebody lives is nobody's business
LISTED_MAX = 100


class TooManyAlerts(Refusal):
    """The account has all the area alerts it may have."""

    code = "too-many-area-alerts"
    title = Text("关注区域数量已达上限", "No more area alerts")
    advice = Text("请先删除不需要的关注区域。", "Delete one you no longer need.")


class AreaAlert(msgspec.Struct, frozen=True, kw_only=True):
    """A circle somebody wants to hear about."""

    id: UUID
    lng: float  # WGS-84, rounded to about 110 m
    lat: float
    radius_m: int
    categories: list[str]  # main categories; empty means all
    created_at: datetime


COUNT = """
update public_report set supporters = (select count(*) from report_follow where report = $1) where report = $1
"""


async def follow(report_id: UUID, *, account_id: UUID, now: datetime) -> int:
    """Follows a public report, in the caller's transaction; returns how many do. Twice is once. Raises `NotFound`."""
    shown = await database.fetch_value(
        "select true from public_report where report = $1 and hidden_at is null for update", report_id
    )
    if not shown:
        raise NotFound
    await database.execute(
        "insert into report_follow (id, account, report, at) values ($1, $2, $3, $4) on conflict do nothing",
        new_id(),
        account_id,
        report_id,
        now,
    )
    return await _recount(report_id)


async def unfollow(report_id: UUID, *, account_id: UUID) -> int:
    """Stops following, in the caller's transaction."""
    await database.execute("select 1 from public_report where report = $1 for update", report_id)
    await database.execute("delete from report_follow where report = $1 and account = $2", report_id, account_id)
    return await _recount(report_id)


async def _recount(report_id: UUID) -> int:
    found = await database.fetch_value(COUNT + " returning supporters", report_id)
    return int(found or 0)


async def followed(account_id: UUID) -> list[public_map.PublicReport]:
    """The public reports this account follows, the latest first."""
    rows = await database.fetch(
        f"select {public_map.COLUMNS} from public_report p where hidden_at is null and exists"
        " (select 1 from report_follow f where f.report = p.report and f.account = $1)"
        f" order by received_at desc limit {LISTED_MAX}",
        account_id,
    )
    return [public_map.public(row) for row in rows]


async def followers_of(report_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The accounts that follow these reports, by report; reports nobody follows are missing."""
    rows = await database.fetch("select report, account from report_follow where report = any($1)", list(report_ids))
    found: dict[UUID, list[UUID]] = {}
    for row in rows:
        found.setdefault(row["report"], []).append(row["account"])
    return found


async def add_alert(
    account_id: UUID, *, place: Point, radius_m: int, categories: list[str], now: datetime
) -> AreaAlert:
    """One more alert, in the caller's transaction; raises `TooManyAlerts`."""
    await database.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"area-alert:{account_id}")
    if await database.fetch_value("select count(*) from area_alert where account = $1", account_id) >= ALERTS_MAX:
        raise TooManyAlerts
    alert = AreaAlert(
        id=new_id(),
        lng=round(place.lng, ALERT_DECIMALS),
        lat=round(place.lat, ALERT_DECIMALS),
        radius_m=radius_m,
        categories=categories,
        created_at=now,
    )
    await database.execute(
        "insert into area_alert (id, account, lng, lat, radius_m, categories, created_at)"
        " values ($1, $2, $3, $4, $5, $6::jsonb, $7)",
        alert.id,
        account_id,
        alert.lng,
        alert.lat,
        radius_m,
        msgspec.json.encode(categories).decode(),
        now,
    )
    return alert


def _alert(row: Any) -> AreaAlert:
    values = {name: row[name] for name in ("id", "lng", "lat", "radius_m", "created_at")}
    return AreaAlert(categories=msgspec.json.decode(row["categories"]), **values)


async def alerts(account_id: UUID) -> list[AreaAlert]:
    """The account's alerts, oldest first."""
    return [
        _alert(row)
        for row in await database.fetch("select * from area_alert where account = $1 order by id", account_id)
    ]


async def drop_alert(alert_id: UUID, *, account_id: UUID) -> None:
    """Deletes an alert; raises `NotFound` for a foreign or unknown one alike."""
    gone = await database.fetch_value(
        "delete from area_alert where id = $1 and account = $2 returning id", alert_id, account_id
    )
    if gone is None:
        raise NotFound


NEAR = """
select p.report, a.account, a.lng, a.lat, a.radius_m, a.categories, p.lng as to_lng, p.lat as to_lat, p.category
from public_report p join area_alert a
  on a.lat between p.lat - $2 and p.lat + $2 and a.lng between p.lng - $2 * 1.5 and p.lng + $2 * 1.5
where p.report = any($1) and p.hidden_at is null
"""
ALERT_RADIUS_M_MAX = 5_000


async def accounts_near(report_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The accounts whose alerts cover these public reports, by report; reports without any are missing."""
    rows = await database.fetch(NEAR, list(report_ids), ALERT_RADIUS_M_MAX / public_map.PER_LAT_M)
    found: dict[UUID, set[UUID]] = {}
    for row in rows:
        if _covers(row):
            found.setdefault(row["report"], set()).add(row["account"])
    return {report: sorted(accounts) for report, accounts in found.items()}


def _covers(row: Any) -> bool:
    wanted = msgspec.json.decode(row["categories"])
    near = distance_m(Point(row["lng"], row["lat"]), Point(row["to_lng"], row["to_lat"])) <= row["radius_m"]
    return near and (not wanted or CATEGORIES[row["category"]].top in wanted)
