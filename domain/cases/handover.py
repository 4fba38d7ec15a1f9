"""What the platform may know of a case: the matter and its place, a pseudonym, never the reporter."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.cases.people import reports_of_case
from domain.kernel import database
from domain.reports import reporters


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """One joined report as the platform sees it. Degrees are WGS-84."""

    report_id: UUID
    number: str
    pseudonym: str
    category: str
    channel: str
    text: str
    lng: float
    lat: float
    accuracy_m: float | None
    town: str
    address: str | None
    river: UUID | None
    enterprise: UUID | None
    captured_at: datetime | None
    received_at: datetime


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """The round that is handed over."""

    id: UUID
    number: int
    reason: str
    opened_at: datetime
    accepted_at: datetime | None
    platform_case: str | None


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a message about a case may draw from."""

    case_id: UUID
    unit: str
    withdrawn: bool
    round: Round
    matters: list[Matter]


MATTERS = """
select id as report_id, number, category, channel, text, lng, lat, accuracy_m, town, address, river, enterprise,
  captured_at, received_at from report where id = any($1)
"""
ROUND = """
select f.unit, f.withdrawn_at is not null as withdrawn, r.id, r.number, r.reason, r.opened_at, r.accepted_at,
  r.platform_case
from case_file f join case_round r on r."case" = f.id where f.id = $1 and r.number = $2
"""


async def read(case_id: UUID, *, round_: int) -> Handover | None:
    """The case as the platform may see it; None when there is no such round."""
    row = await database.fetch_row(ROUND, case_id, round_)
    if row is None:
        return None
    order = await reports_of_case(case_id)
    found = {r["report_id"]: _matter(dict(r)) for r in await database.fetch(MATTERS, order)}
    return Handover(
        case_id=case_id,
        unit=row["unit"],
        withdrawn=row["withdrawn"],
        round=Round(
            id=row["id"],
            number=row["number"],
            reason=row["reason"],
            opened_at=row["opened_at"],
            accepted_at=row["accepted_at"],
            platform_case=row["platform_case"],
        ),
        matters=[found[report_id] for report_id in order if report_id in found],
    )


def _matter(row: dict[str, Any]) -> Matter:
    return Matter(**row, pseudonym=reporters.pseudonym(row["report_id"]))


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the reporter answered to a question."""

    question_id: UUID
    question: str
    answer: str
    answered_at: datetime
    report_id: UUID


async def answer_of(question_id: UUID) -> Answer | None:
    """An answered question; None when it is open or unknown."""
    row = await database.fetch_row(
        "select id as question_id, text as question, answer, answered_at, report as report_id from case_question"
        " where id = $1 and answer is not null",
        question_id,
    )
    return Answer(**dict(row)) if row else None
