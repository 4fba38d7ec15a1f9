"""The one handler of this room that rooms' events are wired to, and its chores."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.kernel import database
from domain.kernel.events import Event, Ticked
from domain.reports import reporters
from notifications import announcing
from notifications.audiences import Notice, notices_of

RECEIPTS_KEPT = timedelta(days=7)


async def announce(event: Event, /, *, event_id: int, at: datetime) -> None:
    """Tells everybody concerned. Anonymous reporters get nothing pushed; their receipt code shows the same."""
    notices = await notices_of(event, at=at)
    told = await accounts_for(notices)
    await announcing.tell(told, event_id=event_id, at=at)
    for notice in notices:
        if notice.accounts:
            await announcing.tell_many(notice, event_id=event_id, at=at)


async def forget_receipts(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Receipts of WeChat's pushes go after `RECEIPTS_KEPT`; nobody repeats a push that late."""
    if event.every == "day":
        await database.execute("delete from push_receipt where at < $1", at - RECEIPTS_KEPT)


async def accounts_for(notices: list[Notice]) -> list[tuple[Notice, UUID]]:
    """The account behind each personal notice; those of anonymous reports fall away."""
    reports = [notice.report for notice in notices if notice.report is not None]
    known = await reporters.accounts_of(reports) if reports else {}
    found = []
    for notice in notices:
        account = notice.account or (known.get(notice.report) if notice.report else None)
        if account is not None:
            found.append((notice, account))
    return found
