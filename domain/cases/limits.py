"""The limits in force and the clocks of a case, computed from its rows."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.cases import clocks, history, questions
from domain.cases.clocks import Clock, Extension, Limit, Matter, Node, Pause, Unit
from domain.cases.stages import Step
from domain.kernel import database
from domain.kernel.calendar import Calendar
from domain.kernel.clock import local_day
from domain.reports.categories import CATEGORIES

CASES = """
select f.id, f.category, f.channel, f.town, f.round, f.closed, f.provisional, f.heard_at, f.look_at, r.opened_at,
  r.accepted_at, r.finish_due_at
from case_file f join case_round r on r."case" = f.id and r.number = f.round where f.id = any($1)
"""
UPDATES = """
select u."case", u.update_id, u.round, u.sequence, u.stage, u.happened_at, u.outcome, u.passed
from case_update u join case_file f on f.id = u."case" and f.round = u.round where u."case" = any($1)
"""
QUESTIONS = """
select q."case", q.asked_at, q.answered_at, q.answer_by
from case_question q join case_file f on f.id = q."case" and f.round = q.round where q."case" = any($1)
"""
EXTENSIONS = """
select e."case", e.node, e.amount
from case_extension e join case_file f on f.id = e."case" and f.round = e.round
where e."case" = any($1) and e.approved
"""


async def load() -> list[Limit]:
    """Every row of `clock_limit`."""
    rows = await database.fetch("select * from clock_limit")
    return [Limit(**{**dict(row), "node": Node(row["node"]), "unit": Unit(row["unit"])}) for row in rows]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The clocks of a case's latest round as of one moment."""

    case_id: UUID
    look_at: datetime | None  # as it was when this was read
    finish_due_at: datetime | None  # as it was noted before
    clocks: list[Clock]
    answer_by: datetime | None  # when an open question stops resting the clocks


async def read(case_ids: Sequence[UUID], *, limits: Sequence[Limit], calendar: Calendar, now: datetime) -> list[Seen]:
    """The clocks of many cases, in four statements."""
    wanted = list(case_ids)
    steps = _by_case(await database.fetch(UPDATES, wanted))
    asked = _by_case(await database.fetch(QUESTIONS, wanted))
    extended = _by_case(await database.fetch(EXTENSIONS, wanted))
    return [
        Seen(
            case_id=case["id"],
            look_at=case["look_at"],
            finish_due_at=case["finish_due_at"],
            clocks=compute(
                case,
                [history.step_of(row) for row in steps[case["id"]]],
                limits=limits,
                calendar=calendar,
                pauses=[questions.pause_of(row, now=now) for row in asked[case["id"]]],
                extensions=[Extension(Node(row["node"]), row["amount"]) for row in extended[case["id"]]],
            ),
            answer_by=min((r["answer_by"] for r in asked[case["id"]] if questions.is_open(r, now=now)), default=None),
        )
        for case in await database.fetch(CASES, wanted)
    ]


def _by_case(rows: Sequence[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row["case"]].append(row)
    return found


async def clocks_of(case_id: UUID, *, limits: Sequence[Limit], calendar: Calendar, now: datetime) -> list[Clock]:
    """The clocks of one case; empty when there is no such case."""
    return [clock for seen in await read([case_id], limits=limits, calendar=calendar, now=now) for clock in seen.clocks]


def compute(
    case: Any,
    steps: Sequence[Step],
    *,
    limits: Sequence[Limit],
    calendar: Calendar,
    pauses: Sequence[Pause],
    extensions: Sequence[Extension],
) -> list[Clock]:
    """Pure: the clocks of one round. `case` is a row of `CASES`."""
    matter = Matter(
        region=case["town"],
        channel=case["channel"],
        category=case["category"],
        clock_class=CATEGORIES[case["category"]].clock,
    )
    rests = [*pauses, *clocks.pauses_of(steps, round_=case["round"])]
    stretches = [(Node.ACCEPT, case["opened_at"], case["accepted_at"])]
    if case["accepted_at"] is not None:
        stretches += clocks.spans(steps, accepted_at=case["accepted_at"], round_=case["round"])
        if not case["closed"] and case["heard_at"] is not None:
            stretches.append((Node.SILENCE, case["heard_at"], None))
    found = []
    for node, started_at, ended_at in stretches:
        if node is Node.POST_INSPECT and not case["provisional"] and ended_at is None:
            continue  # only a provisional closure waits for a post-inspection
        limit = clocks.limit_for(limits, node, on=local_day(started_at), matter=matter)
        if limit is not None:
            clock = clocks.run(
                node,
                limit=limit,
                started_at=started_at,
                ended_at=ended_at,
                round_=case["round"],
                calendar=calendar,
                pauses=rests,
                extensions=extensions,
            )
            found.append(clock)
    return found
