"""River patrols: what is found on the way becomes reports, and a river's page can say who looked after it lately.

A finding links a report with its patrol and never with a person: the reporter stays sealed like any other.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.errors import NotFound, Refusal, Text

PATROL = "river-patrol"
FINDINGS_UNTIL = timedelta(hours=24)  # after the end; later it is an ordinary report
LATEST_MAX = 50


class NotOnPatrol(Refusal):
    """Only who checked in on this patrol reports findings for it, until a day after its end."""

    code = "not-on-patrol"
    status = 403
    title = Text("仅限本次巡河的签到人员", "Only for people on this patrol")
    advice = Text("可以直接提交普通举报。", "An ordinary report is always possible.")


class Patrol(msgspec.Struct, frozen=True, kw_only=True):
    """A patrol that took place: sums only, and the findings that are public."""

    activity: UUID
    organisation: str
    title_zh: str
    title_en: str
    starts_at: datetime
    ends_at: datetime
    people: int
    minutes: int  # proven, of all people together
    metres: int  # walked, of all people together
    findings: int
    reports: list[str]  # numbers of published reports


async def require_patroller(activity: UUID, *, account: UUID, now: datetime) -> None:
    """Raises `NotOnPatrol` unless the account checked in on this river patrol, at the latest a day ago."""
    there = await database.fetch_value(
        "select true from attendance t join activity_signup s on s.id = t.id join activity a on a.id = t.activity"
        " where a.id = $1 and a.behaviour = $2 and s.account = $3 and t.state in ('present', 'left', 'confirmed')"
        " and a.ends_at >= $4",
        activity,
        PATROL,
        account,
        now - FINDINGS_UNTIL,
    )
    if not there:
        raise NotOnPatrol


async def link(report: UUID, *, activity: UUID, now: datetime) -> None:
    """The report began on this patrol; in the transaction of the report."""
    await database.execute(
        "insert into patrol_finding (id, activity, found_at) values ($1, $2, $3)", report, activity, now
    )


PATROLS = """
select a.id as activity, o.name as organisation, a.title_zh, a.title_en, a.starts_at, a.ends_at,
  count(t.id)::int as people, coalesce(sum(t.minutes), 0)::int as minutes,
  coalesce(sum(t.distance_m), 0)::int as metres,
  (select count(*) from patrol_finding f where f.activity = a.id)::int as findings,
  array(select p.number from patrol_finding f join public_report p on p.report = f.id
        where f.activity = a.id and p.hidden_at is null order by f.id)::text[] as reports
from activity a join organisation o on o.id = a.organisation
join attendance t on t.activity = a.id and t.state in ('left', 'confirmed')
"""
OF_RIVER = f"{PATROLS} where a.behaviour = '{PATROL}' and a.river = $1 and a.state = 'open'"
LATEST = f"{OF_RIVER} group by a.id, o.name order by a.starts_at desc, a.id limit $2"
OF_REPORT = f"""
{PATROLS} where a.id = (select f.activity from patrol_finding f join public_report p on p.report = f.id
  where f.id = $1 and p.hidden_at is null) group by a.id, o.name
"""


async def latest_patrols(river: str, limit: int) -> list[Patrol]:
    """The latest patrols of the river with this code that took place, newest first."""
    rows = await database.fetch(LATEST, river, min(limit, LATEST_MAX))
    return [_patrol(row) for row in rows]


async def patrol_of(report: UUID) -> Patrol:
    """The patrol a published report began on; raises `NotFound`."""
    row = await database.fetch_row(OF_REPORT, report)
    if row is None:
        raise NotFound
    return _patrol(row)


def _patrol(row: Any) -> Patrol:
    return Patrol(**dict(row))
