"""Telling people about their activities: reminders before the start, and a call-off."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.kernel import audit, database, outbox, settings
from domain.kernel.errors import Refusal, Text
from domain.kernel.events import Ticked
from rewards import activities
from rewards.events import ActivityCalledOff, ActivityReminded

# The shortest lead that has begun counts, so a late worker sends one reminder and not two; who signed up after that
# moment needs none.
DUE = """
update activity_signup s set reminded_h = d.lead from (
  select u.id, min(l.h) as lead from activity_signup u join activity a on a.id = u.activity
  join unnest($2::int[]) as l(h) on a.starts_at <= $1::timestamptz + make_interval(hours => l.h)
  where a.state = 'open' and a.starts_at > $1 and u.state = 'in'
    and u.made_at <= a.starts_at - make_interval(hours => l.h)
  group by u.id) d
where s.id = d.id and (s.reminded_h is null or s.reminded_h > d.lead)
returning s.activity, s.account
"""


class TooLate(Refusal):
    """It has begun, or was called off before."""

    code = "activity-begun"
    title = Text("活动已开始或已取消", "The activity has begun or was called off")
    advice = Text("如需更正时长请使用更正申请。", "Hours are corrected by a request.")


def leads(setting: str) -> list[int]:
    """The hours before the start at which people are reminded, from `24,2`."""
    return [int(part) for part in setting.split(",") if part.strip()]


async def remind(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Reminds everybody with a place, once per lead."""
    if event.every == "minute" and (hours := leads(settings.current().activity_reminders)):
        await remind_at(at, hours=hours)


async def remind_at(at: datetime, *, hours: Sequence[int]) -> int:
    """Sends what is due; how many."""
    rows = await database.fetch(DUE, at, list(hours))
    about = {row["activity"]: await activities.one(row["activity"]) for row in rows}
    for row in rows:
        there = about[row["activity"]]
        told = ActivityReminded(
            activity_id=row["activity"],
            account_id=row["account"],
            title=[there["title_zh"], there["title_en"]],
            starts_at=there["starts_at"],
        )
        await outbox.record(told, at=at)
    return len(rows)


async def call_off(activity: UUID, *, organiser: UUID, now: datetime) -> int:
    """An organiser calls it off before the start; everybody in or waiting is told. How many. Raises `TooLate`."""
    row = await activities.one(activity)
    await activities.require_organiser(organiser, organisation=row["organisation"])
    gone = await database.fetch_value(
        "update activity set state = 'cancelled' where id = $1 and state = 'open' and starts_at > $2 returning true",
        activity,
        now,
    )
    if not gone:
        raise TooLate
    rows = await database.fetch(
        "update activity_signup set state = 'cancelled' where activity = $1 and state <> 'cancelled' returning account",
        activity,
    )
    told = ActivityCalledOff(
        activity_id=activity,
        account_ids=[found["account"] for found in rows],
        title=[row["title_zh"], row["title_en"]],
        starts_at=row["starts_at"],
    )
    await outbox.record(told, at=now)
    await audit.append(
        actor=f"resident:{organiser}", action="activity.called-off", subject=f"activity:{activity}", at=now
    )
    return len(rows)
