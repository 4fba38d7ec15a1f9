"""Content screening behind one port. Nothing becomes public before it passed; `review` and `risky` go to a person.

A screener is asked by a send job, with an address it can fetch. It answers at once (`Passed`, `NeedsPerson`), or later
under a trace id (`Asked`, then `settle`). An answer that never comes is asked for once more, then a person decides.
Nothing is deleted by a verdict.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import audit, clock, database, leases, outbox
from domain.kernel.errors import Invalid, NotFound, Text
from domain.kernel.leases import Done, Job, Outcome, Retry, Sender
from domain.reports.screening import NeedsPerson, Passed, Unavailable
from media import concerns, custody, links, publication
from media.events import PhotoNeedsPerson

SCREEN_JOB = "photo-screen"
ANSWER_WITHIN = timedelta(minutes=30)
LINK_LIFETIME = timedelta(minutes=45)  # the checker must be able to fetch until it has to answer
TRIES_MAX = 2
WAITS_S = (5.0, 20.0, 60.0, 300.0, 1_800.0)
assert LINK_LIFETIME > ANSWER_WITHIN

Verdict = Literal["passed", "review", "risky"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A photograph to be looked at."""

    photo: UUID
    subject: str  # "report:<uuid>": whoever needs the sender's openid finds it through the sealed reporter
    url: str  # the large public copy, fetchable without login until `LINK_LIFETIME` has passed


class Asked(msgspec.Struct, frozen=True):
    """The checker answers later under this id."""

    trace: str


Reply = Passed | NeedsPerson | Asked | Unavailable
Screener = Callable[[Check], Awaitable[Reply]]


async def pass_through(check: Check) -> Reply:
    """The local screener: everything passes. For development, and where an operator looks before publication."""
    return Passed()


async def queue(subject: str, *, now: datetime) -> None:
    """Queues a check for every photograph of `subject` nobody has looked at, in the caller's transaction."""
    rows = await database.fetch(
        "select id from photo where subject = $1 and screening = 'open' and state = 'ready' order by position", subject
    )
    for row in rows:
        await leases.queue(kind=SCREEN_JOB, subject=f"photo:{row['id']}", payload={"photo": str(row["id"])}, now=now)


def sender(screener: Screener) -> Sender:
    """The sender of `photo-screen` jobs with the screener of this installation; a person looks when it gives up."""

    async def send(job: Job) -> Outcome:
        return await _screen(UUID(job.payload["photo"]), screener)

    async def died(job: Job, note: str) -> None:
        await _close(UUID(job.payload["photo"]), "review", now=clock.utc_now())

    return Sender(send=send, waits_s=WAITS_S, died=died)


async def _screen(photo: UUID, screener: Screener) -> Outcome:
    now = clock.utc_now()
    row = await database.fetch_row(
        "select subject, version from photo where id = $1 and screening = 'open' and state = 'ready'", photo
    )
    if row is None:
        return Done("nothing to screen")
    url = links.signed_url(photo, "large", now + LINK_LIFETIME, version=row["version"])
    reply = await screener(Check(photo=photo, subject=row["subject"], url=url))
    if isinstance(reply, Unavailable):
        return Retry(reply.note)
    async with database.transaction():
        if isinstance(reply, Asked):
            await database.execute(
                "update photo set screening = 'asked', screening_trace = $2, screening_at = $3,"
                " screening_tries = screening_tries + 1 where id = $1 and screening = 'open'",
                photo,
                reply.trace,
                now,
            )
        else:
            await _close(photo, "passed" if isinstance(reply, Passed) else reply.suggestion, now=now)
    return Done(type(reply).__name__)


async def settle(trace: str, verdict: Verdict, *, now: datetime) -> bool:
    """The answer to a running check, in the caller's transaction; False when none is running (a repeated push)."""
    photo = await database.fetch_value(
        "select id from photo where screening_trace = $1 and screening = 'asked' for update", trace
    )
    if photo is None:
        return False
    await _close(photo, verdict, now=now)
    return True


async def failed(trace: str, *, now: datetime) -> bool:
    """The checker could not look (download failed): ask again, or let a person decide after the second time."""
    photo = await database.fetch_value(
        "select id from photo where screening_trace = $1 and screening = 'asked' for update", trace
    )
    if photo is None:
        return False
    await _again(photo, now=now)
    return True


async def overdue(*, now: datetime) -> int:
    """Deals with checks nobody answered within `ANSWER_WITHIN`; returns how many."""
    rows = await database.fetch(
        "select id from photo where screening = 'asked' and screening_at < $1 limit 500 for update skip locked",
        now - ANSWER_WITHIN,
    )
    for row in rows:
        await _again(row["id"], now=now)
    return len(rows)


async def _again(photo: UUID, *, now: datetime) -> None:
    tries = await database.fetch_value("select screening_tries from photo where id = $1", photo)
    if tries >= TRIES_MAX:
        await _close(photo, "review", now=now)
        return
    await database.execute(
        "update photo set screening = 'open', screening_trace = null, screening_at = $2 where id = $1", photo, now
    )
    await leases.queue(kind=SCREEN_JOB, subject=f"photo:{photo}", payload={"photo": str(photo)}, now=now)


async def _close(photo: UUID, verdict: Verdict, *, now: datetime) -> None:
    subject = await database.fetch_value(
        "update photo set screening = $2, screening_at = $3 where id = $1 and screening in ('open', 'asked')"
        " returning subject",
        photo,
        verdict,
        now,
    )
    if subject is None:
        return
    if verdict != "passed":
        await outbox.record(PhotoNeedsPerson(photo_id=photo, subject=subject, suggestion=verdict), at=now)
    await publication.tell(subject, at=now)


async def decide(photo: UUID, *, show: bool, actor: str, reason: str, now: datetime) -> None:
    """A person's decision on a photograph under review; raises `NotFound`, or `Invalid` when none is asked for."""
    row = await database.fetch_row("select subject, screening from photo where id = $1 for update", photo)
    if row is None or row["subject"] is None:
        raise NotFound
    if row["screening"] not in ("review", "risky"):
        raise Invalid(Text("该照片不在人工复核中", "This photograph is not under review"))
    verdict = "passed" if show else "risky"
    await database.execute("update photo set screening = $2, screening_at = $3 where id = $1", photo, verdict, now)
    await custody.append(photo, "shown" if show else "hidden", actor=actor, at=now, reason=reason)
    await concerns.settle_photo(photo, actor=actor, note=reason, now=now)
    await audit.append(
        actor=actor, action="photo-reviewed", subject=f"photo:{photo}", at=now, detail={"show": show, "reason": reason}
    )
    await publication.tell(row["subject"], at=now)
