"""Builds the body of one message to the platform from the rows as they are when it is sent."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from api.case_platform.payloads import CaseData, CaseEvent, HandedReport, Photo, Place
from domain.cases import handover, warnings
from domain.cases.handover import Handover, Matter
from domain.kernel.leases import Job
from domain.kernel.settings import Settings
from domain.reports.categories import CATEGORIES

LINK_LIFETIME = timedelta(hours=72)
TYPE = "green-whistle.case.{message}.v1"
MESSAGES = ("opened", "reopened", "withdrawn", "joined", "answered", "warned", "chased", "extended")

Links = Callable[[str, datetime], Awaitable[list[str]]]  # "report:<id>" or "question:<id>", expiry → links


async def build(job: Job, *, settings: Settings, links: Links, now: datetime) -> CaseEvent | None:
    """The message of a job; None when there is nothing left to tell (a case withdrawn before its hand-over)."""
    message, case_id, about = job.payload["message"], UUID(job.payload["case"]), job.payload["about"]
    case = await handover.read(case_id, round_=job.payload["round"])
    if case is None or (case.withdrawn and case.round.accepted_at is None):
        return None
    first = case.matters[0] if case.matters else None
    base = settings.public_url.rstrip("/")
    data = CaseData(
        case_id=case_id,
        round_id=case.round.id,
        round=case.round.number,
        reason=case.round.reason,
        category=first.category if first else "",
        category_zh=CATEGORIES[first.category].zh if first else "",
        unit=case.unit,
        reports=await _reports(case, links=links, now=now) if message in {"opened", "reopened", "joined"} else [],
        supporters=len(case.matters),
        updates_url=f"{base}/v1/case-platform/updates",
        platform_case_id=case.round.platform_case,
        answer=await _answer(about, links=links, now=now) if message == "answered" else None,
        warning=await _warning(about) if message in {"warned", "chased"} else None,
    )
    return CaseEvent(
        id=str(job.id),
        source=base,
        type=TYPE.format(message=message),
        subject=f"case/{case_id}",
        time=job.created_at,
        data=data,
        dataschema=f"{base}/v1/case-platform/schema",
    )


async def _reports(case: Handover, *, links: Links, now: datetime) -> list[HandedReport]:
    expires_at = now + LINK_LIFETIME
    return [_report(m, await links(f"report:{m.report_id}", expires_at), expires_at) for m in case.matters]


def _report(matter: Matter, urls: list[str], expires_at: datetime) -> HandedReport:
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
        photos=[Photo(url=url, expires_at=expires_at) for url in urls],
    )


async def _answer(about: str | None, *, links: Links, now: datetime) -> dict[str, object] | None:
    answer = await handover.answer_of(UUID(about)) if about else None
    if answer is None:
        return None
    urls = await links(f"question:{answer.question_id}", now + LINK_LIFETIME)
    return {
        "question_id": str(answer.question_id),
        "question": answer.question,
        "answer": answer.answer,
        "photos": urls,
    }


async def _warning(about: str | None) -> dict[str, object] | None:
    warning = await warnings.read(UUID(about)) if about else None
    return msgspec.to_builtins(warning) if warning else None
