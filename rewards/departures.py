"""Leaving without one's own phone: scanned out by an organiser, or forgotten, and then closed at the last sign."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.kernel import database
from domain.kernel.errors import NotFound
from domain.kernel.events import Ticked
from rewards import attendance

FORGOTTEN_AFTER = timedelta(hours=2)  # past the end, when late offline records have mostly come
CLOSED_MAX = 1_000  # per hour and run


async def scan_out(activity: UUID, *, account: UUID, staff: UUID, now: datetime) -> int:
    """An organiser scans somebody out; the minutes. From then on the attendance counts as one made by hand."""
    row, signup = await attendance.on_site(activity, account=account, staff=staff, now=now)
    there = await database.fetch_row("select * from attendance where id = $1 for update", signup["id"])
    if there is None:
        raise NotFound
    if there["minutes"] is not None:
        return int(there["minutes"])
    await database.execute("update attendance set in_how = 'staff' where id = $1", there["id"])
    return await attendance.record_departure(row, there, out_at=now, proven=now, distance=None, doubts=[])


FORGOTTEN = """
select t.*, a.starts_at, a.ends_at from attendance t join activity a on a.id = t.activity
where t.state = 'present' and a.ends_at < $1 order by t.id limit $2 for update of t skip locked
"""


async def close_forgotten(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Who never checked out is recorded until the last sign of presence, for the organiser to confirm."""
    if event.every == "hour":
        for there in await database.fetch(FORGOTTEN, at - FORGOTTEN_AFTER, CLOSED_MAX):
            seen = there["seen_at"]
            await attendance.record_departure(
                there, there, out_at=seen, proven=seen, distance=None, doubts=["no-checkout"]
            )
