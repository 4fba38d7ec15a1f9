"""A case as its reporters and the operators read it. Internal texts and other reporters are never in it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.cases import limits
from domain.cases.clocks import Clock
from domain.cases.lights import light_of
from domain.cases.people import case_of_report
from domain.cases.stages import LABELS, Stage
from domain.kernel import calendar, database
from domain.kernel.errors import NotFound, Text


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """One clock of the latest round."""

    node: str
    light: str
    started_at: datetime
    due_at: datetime
    ended_at: datetime | None
    resting: str | None  # why it rests now
    limit: str  # "3 working_days"
    source: str
    certainty: str  # C confirmed | U unverified | P policy
    provisional: bool  # the calendar of those days is not published yet


class RoundView(msgspec.Struct, frozen=True, kw_only=True):
    """One hand-over and its result."""

    number: int
    opened_at: datetime
    accepted_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    provisional: bool


class QuestionView(msgspec.Struct, frozen=True, kw_only=True):
    """A question that waits for an answer."""

    id: UUID
    text: str
    asked_at: datetime
    answer_by: datetime


class PhotosView(msgspec.Struct, frozen=True, kw_only=True):
    """The photographs that came with one step."""

    subject: str  # under which media keeps them
    stage: str | None
    at: datetime
    urls: list[str]  # filled by the route


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case stands."""

    case_id: UUID
    stage: str  # of domain.cases.stages, or handing_over while the platform has not accepted the round
    stage_name: str
    stage_name_en: str
    stage_since: datetime
    unit: str
    round: int
    closed: bool
    provisional: bool
    outcome: str | None
    supporters: int
    rounds: list[RoundView]
    clocks: list[ClockView]
    questions: list[QuestionView]
    photos: list[PhotosView]


HANDING_OVER = Text("移交中", "Being handed over")
CASE = """
select id as case_id, stage, stage_since,
  exists (select 1 from case_round r where r."case" = f.id and r.number = f.round and accepted_at is null) as waiting,
  unit, round, closed, provisional, outcome,
  (select count(*) from case_report r where r."case" = f.id and left_at is null) as supporters
from case_file f where id = $1
"""
ROUNDS = """
select number, opened_at, accepted_at, closed_at, outcome, provisional from case_round where "case" = $1 order by number
"""
QUESTIONS = """
select id, text, asked_at, answer_by from case_question where "case" = $1 and answered_at is null and answer_by > $2
"""


PHOTOS = """
select 'update:' || id as subject, stage, happened_at as at from case_update
where "case" = $1 and detail ? 'photos' order by round, sequence
"""


async def of_report(report_id: UUID, *, now: datetime) -> CaseView:
    """The case that answers a report; raises `NotFound` while there is none."""
    case_id = await case_of_report(report_id)
    if case_id is None:
        raise NotFound
    return await of_case(case_id, now=now)


async def of_case(case_id: UUID, *, now: datetime) -> CaseView:
    """One case; raises `NotFound`."""
    row = await database.fetch_row(CASE, case_id)
    if row is None:
        raise NotFound
    values: dict[str, Any] = dict(row)
    waits = values.pop("waiting")
    label = HANDING_OVER if waits else LABELS[Stage(values["stage"])]
    values["stage"] = "handing_over" if waits else values["stage"]
    found = await limits.clocks_of(case_id, limits=await limits.load(), calendar=await calendar.load(), now=now)
    return CaseView(
        **values,
        stage_name=label.zh,
        stage_name_en=label.en,
        rounds=[RoundView(**dict(r)) for r in await database.fetch(ROUNDS, case_id)],
        clocks=[clock_view(clock, now=now) for clock in found],
        questions=[QuestionView(**dict(q)) for q in await database.fetch(QUESTIONS, case_id, now)],
        photos=[PhotosView(**dict(p), urls=[]) for p in await database.fetch(PHOTOS, case_id)],
    )


def clock_view(clock: Clock, *, now: datetime) -> ClockView:
    """A clock for the wire."""
    return ClockView(
        node=clock.node,
        light=light_of(clock, now=now),
        started_at=clock.started_at,
        due_at=clock.due_at,
        ended_at=clock.ended_at,
        resting=clock.resting.reason if clock.resting else None,
        limit=f"{clock.limit.amount} {clock.limit.unit}",
        source=clock.limit.source,
        certainty=clock.limit.certainty,
        provisional=clock.provisional,
    )
