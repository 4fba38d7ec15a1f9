"""The limits in force and the clocks of a case, computed from its rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.cases import clocks, history, questions
from domain.cases.clocks import Clock, Extension, Limit, Matter, Node, Pause, Unit
from domain.cases.stages import Step
from domain.kernel import database
from domain.kernel.calendar import Calendar
from domain.kernel.clock import local_day
from domain.reports.categories import CATEGORIES

CASE = """
select f.id, f.category, f.channel, f.town, f.round, f.closed, f.provisional, f.heard_at, r.opened_at, r.accepted_at
from case_file f join case_round r on r."case" = f.id and r.number = f.round where f.id = $1
"""
UPDATES = """
select update_id, round, sequence, stage, happened_at, outcome, passed from case_update where "case" = $1 and round = $2
"""


async def load() -> list[Limit]:
    """Every row of `clock_limit`."""
    rows = await database.fetch("select * from clock_limit")
    return [Limit(**{**dict(row), "node": Node(row["node"]), "unit": Unit(row["unit"])}) for row in rows]


async def clocks_of(case_id: UUID, *, limits: Sequence[Limit], calendar: Calendar, now: datetime) -> list[Clock]:
    """The clocks of the case's latest round; empty when there is no such case."""
    case = await database.fetch_row(CASE, case_id)
    if case is None:
        return []
    steps = [history.step_of(row) for row in await database.fetch(UPDATES, case_id, case["round"])]
    pauses = await questions.pauses_of(case_id, round_=case["round"], now=now)
    extended = await database.fetch(
        'select node, amount from case_extension where "case" = $1 and round = $2 and approved', case_id, case["round"]
    )
    extensions = [Extension(Node(row["node"]), row["amount"]) for row in extended]
    return compute(case, steps, limits=limits, calendar=calendar, pauses=pauses, extensions=extensions)


def compute(
    case: Any,
    steps: Sequence[Step],
    *,
    limits: Sequence[Limit],
    calendar: Calendar,
    pauses: Sequence[Pause],
    extensions: Sequence[Extension],
) -> list[Clock]:
    """Pure: the clocks of one round. `case` is a row of `CASE`."""
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
