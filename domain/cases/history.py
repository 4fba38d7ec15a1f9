"""Reading cases with their updates, locked for the updates that are about to be applied."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.cases.events import CaseClosed, CaseProgressed, CaseReopened
from domain.cases.stages import Outcome, Stage, State, Step, state_of
from domain.cases.updates import Kind, Update
from domain.kernel import database
from domain.kernel.events import Event

CASES = """
select f.id, f.round, f.unit, f.closed, f.needs_post_inspection,
  (select array_agg(number) from case_round r where r."case" = f.id and r.accepted_at is null) as waiting,
  exists (select 1 from case_question q where q."case" = f.id and q.answered_at is null and q.answer_by > $2) as asked,
  (select array_agg(l.report order by l.joined_at, l.id) from case_report l
   where l."case" = f.id and l.left_at is null) as reports
from case_file f where f.id = any($1) order by f.id for update
"""
UPDATES = """
select update_id, "case", round, sequence, stage, happened_at, outcome, passed, body_hash
from case_update where "case" = any($1) or update_id = any($2)
"""


class Working:
    """One locked case while updates are applied to it."""

    def __init__(self, row: Any) -> None:
        """`row` comes from `CASES`; the steps follow."""
        self.id: UUID = row["id"]
        self.round: int = row["round"]
        self.unit: str = row["unit"]
        self.needs_post_inspection: bool = row["needs_post_inspection"]
        self.waiting: set[int] = set(row["waiting"] or ())  # rounds whose acceptance is not recorded yet
        self.reports: list[UUID] = row["reports"] or []  # whose reporters are told
        self.asked: bool = row["asked"]  # a question to the reporter is open
        self.steps: list[Step] = []
        self.fresh: list[Update] = []
        self.state = State()
        self.events: list[Event] = []

    def compute(self, *, round_: int | None = None) -> State:
        """The state of a round, by default the latest."""
        return state_of(
            self.steps,
            needs_post_inspection=self.needs_post_inspection,
            round_=self.round if round_ is None else round_,
        )

    def admit(self, update: Update) -> bool:
        """Adds an admitted update; returns whether it became the latest one. Events follow from the change."""
        before = self.state
        self.steps.append(update.step())
        self.fresh.append(update)
        self.asked = self.asked or update.kind is Kind.QUESTION
        self.state = self.compute()
        if update.round != self.round or update.stage is None or self.state.sequence != update.sequence:
            self._note_change(before)
            return False
        if update.unit and update.stage is Stage.DISPATCHED:
            self.unit = update.unit
        if not self.state.closed:
            self.events.append(CaseProgressed(case_id=self.id, stage=update.stage, round=self.round))
        self._note_change(before)
        return True

    def _note_change(self, before: State) -> None:
        after = self.state
        if after.closed and (not before.closed or before.provisional != after.provisional):
            closed = CaseClosed(
                case_id=self.id,
                round=self.round,
                outcome=after.outcome or Outcome.REFUSED,
                substantiated=after.substantiated,
                provisional=after.provisional,
            )
            self.events.append(closed)
        elif before.closed and not after.closed:
            self.events.append(CaseReopened(case_id=self.id, round=self.round))


class Book:
    """The cases of one batch, and every update id already known with the hash of what it said."""

    def __init__(self) -> None:
        """Empty; `read` fills it."""
        self.cases: dict[UUID, Working] = {}
        self.known: dict[str, bytes] = {}


async def read(updates: Sequence[Update], *, now: datetime) -> Book:
    """Locks the cases of these updates in id order and reads their histories."""
    book = Book()
    for row in await database.fetch(CASES, list({update.case_id for update in updates}), now):
        book.cases[row["id"]] = Working(row)
    rows = await database.fetch(UPDATES, list(book.cases), [update.update_id for update in updates])
    for row in rows:
        book.known[row["update_id"]] = row["body_hash"]
        if row["case"] in book.cases:
            book.cases[row["case"]].steps.append(step_of(row))
    for working in book.cases.values():
        working.state = working.compute()
    return book


def step_of(row: Any) -> Step:
    """A stored update as the stage graph sees it."""
    return Step(
        update_id=row["update_id"],
        round=row["round"],
        sequence=row["sequence"],
        stage=Stage(row["stage"]) if row["stage"] else None,
        at=row["happened_at"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        passed=row["passed"],
    )
