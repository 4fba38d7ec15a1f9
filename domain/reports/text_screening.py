"""The check of a report's text before it becomes public, behind one port like that of photographs.

Only the redacted text leaves. Until it passed, nothing is public; `review` and `risky` wait for a person, and nothing
is ever deleted by a verdict. A check that cannot be made for a day ends with a person, too.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import audit, clock, database, leases
from domain.kernel.errors import NotFound
from domain.kernel.handling import Recorded
from domain.kernel.leases import Done, Job, NewJob, Outcome, Retry, Sender
from domain.reports import publication
from domain.reports.publication import Ready
from domain.reports.screening import NeedsPerson, Passed, Unavailable

KIND = "text-screen"
MINUTE, HOUR = 60.0, 3600.0
WAITS_S = (5.0, 20.0, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR)
LISTED_MAX = 200


class TextCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A text to be looked at; whoever needs the sender's openid finds it through the sealed reporter."""

    report: UUID
    text: str


Reply = Passed | NeedsPerson | Unavailable
TextScreener = Callable[[TextCheck], Awaitable[Reply]]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A text a person has to decide on."""

    report_id: UUID
    number: str
    text: str  # as it would be shown
    suggestion: str  # review | risky
    since: datetime
    decided_by: str | None  # of a text that was refused already


async def pass_all(check: TextCheck) -> Reply:
    """The local screener: everything passes."""
    return Passed()


async def queue(batch: Sequence[Recorded]) -> None:
    """A check for each submitted report, in the caller's transaction."""
    await database.execute(
        "insert into text_check (report, state, at) select * from unnest($1::uuid[], $2::text[], $3::timestamptz[])"
        " on conflict do nothing",
        [recorded.event.report_id for recorded in batch],
        ["open"] * len(batch),
        [recorded.at for recorded in batch],
    )
    await leases.queue_all([_job(recorded) for recorded in batch])


def _job(recorded: Recorded) -> NewJob:
    report = recorded.event.report_id
    return NewJob(
        kind=KIND,
        subject=f"report:{report}",
        payload={"report": report},
        due_at=recorded.at,
        origin=recorded.origin,
    )


def sender(screener: TextScreener) -> Sender:
    """The sender of `text-screen` jobs with the screener of this installation."""

    async def send(job: Job) -> Outcome:
        report = UUID(job.payload["report"])
        text = await database.fetch_value("select text from report where id = $1", report)
        reply = await screener(TextCheck(report=report, text=publication.public_text(text)))
        return Retry(reply.note) if isinstance(reply, Unavailable) else Done(type(reply).__name__, reply)

    async def died(job: Job, note: str) -> None:
        await _settle({UUID(job.payload["report"]): "review"}, now=clock.utc_now())

    return Sender(send=send, waits_s=WAITS_S, done=_judged, died=died)


async def _judged(accepted: Sequence[tuple[Job, Done]], now: datetime) -> None:
    """Stores the verdicts and publishes what passed, in the transaction that records them."""
    verdicts = {
        UUID(job.payload["report"]): "passed" if isinstance(done.answer, Passed) else done.answer.suggestion
        for job, done in accepted
    }
    settled = await _settle(verdicts, now=now)
    origins = {UUID(job.payload["report"]): job.origin for job, _ in accepted}
    ready = [
        Ready(report_id=report, at=now, origin=origins[report])
        for report in verdicts
        if report in settled and verdicts[report] == "passed"
    ]
    if ready:
        await publication.publish_all(ready)


async def _settle(verdicts: dict[UUID, str], *, now: datetime) -> set[UUID]:
    rows = await database.fetch(
        "update text_check c set state = v.state, at = $3 from unnest($1::uuid[], $2::text[]) as v(report, state)"
        " where c.report = v.report and c.state = 'open' returning c.report",
        list(verdicts),
        list(verdicts.values()),
        now,
    )
    return {row["report"] for row in rows}


WAITING = """
select c.report as report_id, r.number, r.text, c.state as suggestion, c.at as since, c.decided_by
from text_check c join report r on r.id = c.report where c.state in ('review', 'risky') order by c.at limit $1
"""


async def waiting(*, limit: int) -> list[Waiting]:
    """Texts that are not public because a person has to decide, or has refused them; oldest first."""
    return [_waiting(row) for row in await database.fetch(WAITING, min(limit, LISTED_MAX))]


def _waiting(row: Any) -> Waiting:
    return Waiting(**{**dict(row), "text": publication.public_text(row["text"])})


async def decide(report_id: UUID, *, show: bool, by: str, reason: str, now: datetime) -> None:
    """A person's decision, in the caller's transaction: shown, or kept hidden. Raises `NotFound` when none is due."""
    found = await database.fetch_value(
        "update text_check set state = $2, at = $3, decided_by = $4 where report = $1 and state in ('review', 'risky')"
        " returning report",
        report_id,
        "passed" if show else "risky",
        now,
        by,
    )
    if found is None:
        raise NotFound
    if show:
        await publication.publish(report_id, now=now)
    detail = {"show": show, "reason": reason}
    await audit.append(actor=by, action="report.text-reviewed", subject=f"report:{report_id}", at=now, detail=detail)
