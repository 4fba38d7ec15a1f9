"""The one handler of this room that rooms' events are wired to, and its chores."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.kernel import database
from domain.kernel.events import Ticked
from domain.kernel.handling import Recorded, together
from notifications import announcing, knowing
from notifications.announcing import News
from notifications.audiences import notices_of

RECEIPTS_KEPT = timedelta(days=7)


@together
async def announce(batch: Sequence[Recorded]) -> None:
    """Tells everybody concerned. Anonymous reporters get nothing pushed; their receipt code shows the same."""
    known = await knowing.read([recorded.event for recorded in batch], at=batch[-1].at)
    told: list[News] = []
    for recorded in batch:
        for notice in await notices_of(recorded.event, at=recorded.at, known=known):
            account = notice.account or (known.accounts.get(notice.report) if notice.report else None)
            if account is not None:
                told.append(News(recorded.id, recorded.at, notice, account, recorded.origin))
            if notice.accounts:
                await announcing.tell_many(notice, event_id=recorded.id, at=recorded.at)
    await announcing.tell(told)


async def forget_receipts(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Receipts of WeChat's pushes go after `RECEIPTS_KEPT`; nobody repeats a push that late."""
    if event.every == "day":
        await database.execute("delete from push_receipt where at < $1", at - RECEIPTS_KEPT)
