"""Builds the bodies of messages to the platform from the rows as they are when they are sent."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from api.case_platform.payloads import CaseData, CaseEvent, HandedReport, Photo, Place
from domain.cases import dead_letters, handover, warnings
from domain.cases.dead_letters import Edits
from domain.cases.handover import Handover, Matter
from domain.kernel.leases import Job
from domain.kernel.settings import Settings
from domain.reports.categories import CATEGORIES

LINK_LIFETIME = timedelta(hours=72)
TYPE = "green-whistle.case.{message}.v1"
MESSAGES = ("opened", "reopened", "withdrawn", "joined", "answered", "warned", "chased", "extended")

Links = Callable[[Sequence[str], datetime], Awaitable[dict[str, list[str]]]]  # "report:<id>"…, expiry → links of each
WITH_REPORTS = frozenset({"opened", "reopened", "joined"})


class Known(NamedTuple):
    """What the messages of a batch draw from, read when they are sent."""

    cases: Mapping[tuple[UUID, int], Handover]
    links: Mapping[str, list[str]]  # by subject
    expires_at: datetime


async def read(jobs: Sequence[Job], *, links: Links, now: datetime) -> Known:
    """The cases of these jobs and expiring links to the photographs of their reports, in four statements."""
    cases = await handover.read({(UUID(job.payload["case"]), job.payload["round"]) for job in jobs})
    subjects = {
        f"report:{matter.report_id}"
        for job in jobs
        if job.payload["message"] in WITH_REPORTS and (case := cases.get(_place(job)))
        for matter in case.matters
    }
    expires_at = now + LINK_LIFETIME
    return Known(cases, await links(sorted(subjects), expires_at) if subjects else {}, expires_at)


def _place(job: Job) -> tuple[UUID, int]:
    return UUID(job.payload["case"]), job.payload["round"]


async def build(job: Job, *, known: Known, settings: Settings, links: Links) -> CaseEvent | None:
    """The message of a job; None when there is nothing left to tell (a case withdrawn before its hand-over)."""
    message, about = job.payload["message"], job.payload["about"]
    case = known.cases.get(_place(job))
    if case is None or (case.withdrawn and case.round.accepted_at is None):
        return None
    first = case.matters[0] if case.matters else None
    base = settings.public_url.rstrip("/")
    data = CaseData(
        case_id=case.case_id,
        round_id=case.round.id,
        round=case.round.number,
        reason=case.round.reason,
        category=first.category if first else "",
        category_zh=CATEGORIES[first.category].zh if first else "",
        unit=case.unit,
        reports=[_report(matter, known) for matter in case.matters] if message in WITH_REPORTS else [],
        supporters=len(case.matters),
        updates_url=f"{base}/v1/case-platform/updates",
        platform_case_id=case.round.platform_case,
        answer=await _answer(about, links=links, expires_at=known.expires_at) if message == "answered" else None,
        warning=await _warning(about) if message in {"warned", "chased"} else None,
    )
    edits = dead_letters.edits_of(job.payload)
    return CaseEvent(
        id=str(job.id),
        source=base,
        type=TYPE.format(message=message),
        subject=f"case/{case.case_id}",
        time=job.created_at,
        data=data if edits is None else edited(data, edits),
        dataschema=f"{base}/v1/case-platform/schema",
    )


def _report(matter: Matter, known: Known) -> HandedReport:
    return HandedReport(
        number=matter.number,
        reporter=matter.pseudonym,
        text=matter.text,
        place=Place(
            lng=matter.lng, lat=matter.lat, accuracy_m=matter.accuracy_m, town=matter.town, address=matter.address
        ),
        received_at=matter.received_at,
        captured_at=matter.captured_at,
        channel=matter.channel,
        river=matter.river,
        enterprise=matter.enterprise,
        photos=[
            Photo(url=url, expires_at=known.expires_at) for url in known.links.get(f"report:{matter.report_id}", [])
        ],
    )


def edited(data: CaseData, edits: Edits) -> CaseData:
    """The message with what an operator changed after the peer had refused it."""
    reports = data.reports if edits.photos else [msgspec.structs.replace(report, photos=[]) for report in data.reports]
    if reports and edits.text is not None:
        reports = [msgspec.structs.replace(reports[0], text=edits.text), *reports[1:]]
    if reports and edits.address is not None:
        place = msgspec.structs.replace(reports[0].place, address=edits.address)
        reports = [msgspec.structs.replace(reports[0], place=place), *reports[1:]]
    return msgspec.structs.replace(
        data, reports=reports, unit=edits.unit or data.unit, category=edits.category or data.category
    )


async def _answer(about: str | None, *, links: Links, expires_at: datetime) -> dict[str, object] | None:
    answer = await handover.answer_of(UUID(about)) if about else None
    if answer is None:
        return None
    subject = f"question:{answer.question_id}"
    return {
        "question_id": str(answer.question_id),
        "question": answer.question,
        "answer": answer.answer,
        "photos": (await links([subject], expires_at)).get(subject, []),
    }


async def _warning(about: str | None) -> dict[str, object] | None:
    warning = await warnings.read(UUID(about)) if about else None
    return msgspec.to_builtins(warning) if warning else None
