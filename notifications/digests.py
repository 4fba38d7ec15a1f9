"""The daily digest: one push in the evening instead of one for each progress or point, for those who asked for it."""

from datetime import datetime, timedelta

from domain.kernel import database
from domain.kernel.clock import DISTRICT_ZONE
from domain.kernel.events import Ticked
from notifications import announcing, recipients
from notifications.notices import Notice
from notifications.planning import Person
from notifications.preferences import of

HOUR = 19  # district time
PEOPLE_MAX = 5_000  # per hourly round; who is left comes an hour later
DUE = """
select o.owner, o.recipient, news.many from notice_owner o, lateral (
  select count(distinct d.announcement) as many from notice_delivery d
  where d.owner = o.owner and d.reason = 'in-digest' and d.created_at > coalesce(o.digested_to, $1)
    and d.created_at <= $2) news
where o.digest and coalesce(o.digested_to, $1) < $3 and news.many > 0 order by o.owner limit $4
"""


async def send_digests(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """From `HOUR` on, once a day for each person with something to sum up."""
    local = event.at.astimezone(DISTRICT_ZONE)
    if event.every != "hour" or local.hour < HOUR:
        return
    evening = local.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    rows = await database.fetch(DUE, at - timedelta(days=7), at, evening, PEOPLE_MAX)
    chosen = await of([row["owner"] for row in rows])
    for row in rows:
        notice = Notice(
            wording="digest",
            subject=f"digest:{evening.date()}",
            facts={"count": row["many"], "happened_at": at.isoformat()},
        )
        account = recipients.unseal(row["recipient"], owner=row["owner"])
        person = Person(account, row["owner"], chosen[row["owner"]])
        await announcing.push_only(notice, person, event_id=event_id, at=at)
    await database.execute(
        "update notice_owner set digested_to = $2 where owner = any($1)", [row["owner"] for row in rows], at
    )
