"""What the platform may know of a case: the matter and its place, a pseudonym, never the reporter."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.cases.people import reports_of_cases
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
ROUNDS = """
select f.id as "case", f.unit, f.withdrawn_at is not null as withdrawn, r.id, r.number, r.reason, r.opened_at,
  r.accepted_at, r.platform_case
from unnest($1::uuid[], $2::smallint[]) as g("case", number)
join case_file f on f.id = g."case" join case_round r on r."case" = f.id and r.number = g.number
"""


async def read(wanted: Collection[tuple[UUID, int]]) -> dict[tuple[UUID, int], Handover]:
    """Cases in their rounds as the platform may see them, in three statements; rounds there are none of are missing."""
    cases = [case_id for case_id, _ in wanted]
    rows = await database.fetch(ROUNDS, cases, [round_ for _, round_ in wanted])
    order = await reports_of_cases(cases)
    every = [report_id for reports in order.values() for report_id in reports]
    found = {row["report_id"]: _matter(dict(row)) for row in await database.fetch(MATTERS, every)}
    return {(row["case"], row["number"]): _handover(row, order.get(row["case"], []), found) for row in rows}


def _handover(row: Any, order: Sequence[UUID], found: Mapping[UUID, Matter]) -> Handover:
    return Handover(
        case_id=row["case"],
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
