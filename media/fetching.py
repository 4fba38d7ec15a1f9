"""Photographs of case-platform updates: fetched by their address, then the same path as every other photograph."""

from contextlib import aclosing
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from domain.kernel import clock, database, leases, outbox
from domain.kernel.errors import Refusal, TryLater
from domain.kernel.ids import new_id
from domain.kernel.leases import Dead, Done, Job, Outcome, Retry
from domain.kernel.leases import Sender as JobSender
from domain.kernel.settings import Settings
from media import concerns, guarded, intake, publication, screening
from media.darkroom import Darkroom
from media.events import PhotoFetchFailed
from media.guarded import AddressRefused, FetchFailed
from media.intake import Sender
from media.limits import PHOTOS_PER_REPORT_MAX
from media.receiving import receive
from media.refusals import TooManyPhotos
from media.store import Store

FETCH_JOB = "photo-fetch"
WAITS_S = (5.0, 30.0, 120.0, 600.0, 3_600.0, 14_400.0)


async def queue(urls: list[str], *, subject: str, now: datetime) -> None:
    """Queues the fetch of an update's photographs, in the caller's transaction; repeated calls change nothing.

    `subject` is "update:<uuid>". Raises `TooManyPhotos`. What is wrong with an address is found by the job and told by
    `PhotoFetchFailed`: an update is never lost because of a photograph.
    """
    if len(urls) > PHOTOS_PER_REPORT_MAX:
        raise TooManyPhotos(facts={"limit": PHOTOS_PER_REPORT_MAX, "found": len(urls)})
    for position, url in enumerate(urls, start=1):
        fetch = await database.fetch_value(
            "insert into photo_fetch (id, url, subject, position, asked_at) values ($1, $2, $3, $4, $5)"
            " on conflict do nothing returning id",
            new_id(),
            url,
            subject,
            position,
            now,
        )
        if fetch is not None:
            await leases.queue(kind=FETCH_JOB, subject=subject, payload={"fetch": str(fetch)}, now=now)


def trusted_hosts(settings: Settings) -> frozenset[tuple[str, int]]:
    """The case platform of a development installation, which may be plain http and local; nobody in production."""
    parts = urlsplit(settings.case_platform_url)
    if settings.env == "production" or not parts.hostname:
        return frozenset()
    return frozenset({(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))})


def fetcher(*, settings: Settings, darkroom: Darkroom, store: Store) -> JobSender:
    """The sender of `photo-fetch` jobs."""

    async def send(job: Job) -> Outcome:
        now = clock.utc_now()
        row = await database.fetch_row(
            "select id, url, subject, position, photo from photo_fetch where id = $1", UUID(job.payload["fetch"])
        )
        if row is None or row["photo"] is not None:
            return Done("fetched before")
        try:
            pieces = guarded.fetch(row["url"], trusted=trusted_hosts(settings))
            async with aclosing(pieces):
                receiver = await receive(pieces)
            try:
                sender = Sender(owner=f"fetch:{row['id']}", entry="fetched", actor="platform")
                photo = await intake.take(receiver.done(), sender=sender, darkroom=darkroom, store=store, now=now)
            finally:
                receiver.close()
        except (FetchFailed, TryLater) as error:
            permanent = isinstance(error, FetchFailed) and error.permanent
            return Dead(str(error)) if permanent else Retry(str(error))
        except (AddressRefused, Refusal) as error:
            return Dead(error.code if isinstance(error, Refusal) else str(error))
        await _bind(row["id"], photo.id, subject=row["subject"], position=row["position"], now=now)
        return Done()

    return JobSender(send=send, waits_s=WAITS_S, died=_tell)


async def _bind(fetch: UUID, photo: UUID, *, subject: str, position: int, now: datetime) -> None:
    async with database.transaction():
        await database.execute("update photo_fetch set photo = $2 where id = $1", fetch, photo)
        await intake.claim_photos(owner=f"fetch:{fetch}", photo_ids=[photo], subject=subject, now=now)
        await database.execute("update photo set position = $2 where id = $1", photo, position)
        await concerns.settle_fetch(fetch, now=now)
        await publication.allow(subject, at=now)
        await screening.queue(subject, now=now)


async def _tell(job: Job, note: str) -> None:
    """Somebody must know that a photograph of an update did not arrive."""
    fetch = UUID(job.payload["fetch"])
    await database.execute("update photo_fetch set failed = $2 where id = $1", fetch, note[:120])
    now = clock.utc_now()
    await outbox.record(PhotoFetchFailed(fetch_id=fetch, subject=job.subject, reason=note[:120]), at=now)
