"""What operators must deal with: a photograph under review, one that could not be fetched, one whose object is lost.

Each event opens one concern. It is settled by the decision it asks for, by itself when its cause went away, or by an
operator who says what was done.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import audit, database
from domain.kernel.errors import NotFound
from media.events import PhotoFetchFailed, PhotoNeedsPerson, PhotoObjectMissing

News = PhotoNeedsPerson | PhotoFetchFailed | PhotoObjectMissing


class Concern(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list."""

    id: int
    kind: str  # review | risky | fetch-failed | original-lost | copies-lost
    subject: str
    photo: UUID | None
    reason: str
    at: datetime
    settled_at: datetime | None
    settled_by: str | None
    note: str | None


OPEN = """
insert into photo_concern (event, kind, subject, photo, fetching, reason, at) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (event) do nothing
"""
COLUMNS = "id, kind, subject, photo, reason, at, settled_at, settled_by, note"


async def open_concern(event: News, /, *, event_id: int, at: datetime) -> None:
    """Puts the news on the operators' list."""
    photo: UUID | None = None
    fetch: UUID | None = None
    if isinstance(event, PhotoFetchFailed):
        kind, subject, fetch, reason = "fetch-failed", event.subject, event.fetch_id, event.reason
    elif isinstance(event, PhotoNeedsPerson):
        kind, subject, photo, reason = event.suggestion, event.subject, event.photo_id, "screening"
    else:
        kind, photo, reason = f"{event.which}-lost", event.photo_id, "not in the store"
        subject = await database.fetch_value("select subject from photo where id = $1", photo) or f"photo:{photo}"
    await database.execute(OPEN, event_id, kind, subject, photo, fetch, reason[:120], at)


async def listing(*, settled: bool, kind: str | None, before: int | None, limit: int) -> list[Concern]:
    """Concerns, newest first."""
    rows = await database.fetch(
        f"select {COLUMNS} from photo_concern where (settled_at is not null) = $1 and ($2::text is null or kind = $2)"
        " and ($3::bigint is null or id < $3) order by id desc limit $4",
        settled,
        kind,
        before,
        limit,
    )
    return [Concern(**dict(row)) for row in rows]


async def settle(concern: int, *, actor: str, note: str, now: datetime) -> None:
    """An operator dealt with it, in the caller's transaction; raises `NotFound` when it is not open."""
    subject: Any = await database.fetch_value(
        "update photo_concern set settled_at = $2, settled_by = $3, note = $4 where id = $1 and settled_at is null"
        " returning subject",
        concern,
        now,
        actor,
        note,
    )
    if subject is None:
        raise NotFound
    detail = {"concern": concern, "note": note}
    await audit.append(actor=actor, action="photo-concern-settled", subject=subject, at=now, detail=detail)


async def settle_photo(photo: UUID, *, actor: str, note: str, now: datetime) -> None:
    """A decision about the photograph settles what screening asked."""
    await database.execute(
        "update photo_concern set settled_at = $2, settled_by = $3, note = $4"
        " where photo = $1 and settled_at is null and kind in ('review', 'risky')",
        photo,
        now,
        actor,
        note[:200],
    )


async def settle_fetch(fetch: UUID, *, now: datetime) -> None:
    """The photograph arrived after all."""
    await database.execute(
        "update photo_concern set settled_at = $2, settled_by = 'system', note = 'fetched'"
        " where fetching = $1 and settled_at is null",
        fetch,
        now,
    )
