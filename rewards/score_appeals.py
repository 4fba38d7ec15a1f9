"""An appeal against a term of the score: answered by a person within a term, a second time by another person.

The officer sees the one term the resident asks about, with the awards behind it, and no name. A term is never set by
hand: it follows from the ledger, so `corrected` means that the officer put the ledger right first.
"""

from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.kernel import audit, calendar, clock, database
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id
from rewards import score
from rewards.score import DIMENSIONS

ANSWER_WITHIN = 15  # working days [P]
ROUNDS = 2
Outcome = Literal["upheld", "corrected"]


class AppealOpen(Refusal):
    """One at a time, and two of a term in a year."""

    code = "score-appeal-not-possible"
    title = Text("该项暂不能再次申诉", "This term cannot be appealed now")
    advice = Text(
        "每项每年可申诉两次，第二次由另一人处理。", "Twice a year for each term; the second by another person."
    )


class SameOfficer(Refusal):
    """The second appeal is decided by somebody else."""

    code = "score-appeal-needs-another"
    status = 403
    title = Text("须由另一人处理", "Another person decides")
    advice = Text("请转交另一位操作员。", "Hand it to another officer.")


LAST = "select * from score_appeal where account = $1 and term = $2 and made_at > $3 order by id desc limit 1"


async def make(account: UUID, *, term: str, words: str, now: datetime) -> tuple[UUID, date]:
    """(appeal, last day to answer). Raises `NotFound` without a score or such a term, or `AppealOpen`."""
    if term not in {dimension.code for dimension in DIMENSIONS}:
        raise NotFound
    shown = await score.of(account, now=now)
    await database.execute("select 1 from score_member where id = $1 for update", account)
    last = await database.fetch_row(LAST, account, term, now - timedelta(days=365))
    if last is not None and (last["outcome"] is None or last["round"] == ROUNDS):
        raise AppealOpen
    disputed = next(found for found in shown.terms if found.code == term)
    due = (await calendar.load()).add_working_days(clock.local_day(now), ANSWER_WITHIN).day
    appeal = new_id()
    await database.execute(
        "insert into score_appeal (id, account, term, words, shown, round, first, made_at, due_on)"
        " values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9)",
        appeal,
        account,
        term,
        words,
        msgspec.json.encode({"term": disputed, "inputs_hash": shown.inputs_hash}).decode(),
        1 if last is None else ROUNDS,
        None if last is None else last["id"],
        now,
        due,
    )
    return appeal, due


async def decide(appeal: UUID, *, outcome: Outcome, answer: str, by: str, now: datetime) -> None:
    """Answers once. Raises `NotFound` when it is unknown or answered, or `SameOfficer`."""
    row = await database.fetch_row(
        "select a.id, f.decided_by as before from score_appeal a left join score_appeal f on f.id = a.first"
        " where a.id = $1 and a.outcome is null for update of a",
        appeal,
    )
    if row is None:
        raise NotFound
    if row["before"] == by:
        raise SameOfficer
    await database.execute(
        "update score_appeal set outcome = $2, answer = $3, decided_by = $4, decided_at = $5 where id = $1",
        appeal,
        outcome,
        answer,
        by,
        now,
    )
    await audit.append(actor=by, action="score-appeal.decided", subject=f"score-appeal:{appeal}", at=now)


def _told(row: Any, *, today: date) -> dict[str, Any]:
    shown = msgspec.json.decode(row["shown"])
    return {name: row[name] for name in ("id", "term", "words", "round", "made_at", "due_on", "outcome", "answer")} | {
        "late": row["outcome"] is None and row["due_on"] < today,
        "value": shown["term"]["value"],
        "points": shown["term"]["points"],
        "awards": shown["term"]["awards"],
    }


async def waiting(*, now: datetime) -> list[dict[str, Any]]:
    """Open appeals, the nearest term first, without the resident."""
    rows = await database.fetch("select * from score_appeal where outcome is null order by due_on, id limit 100")
    return [_told(row, today=clock.local_day(now)) for row in rows]


async def mine(account: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """The resident's appeals, newest first."""
    rows = await database.fetch("select * from score_appeal where account = $1 order by id desc limit 100", account)
    return [_told(row, today=clock.local_day(now)) for row in rows]
