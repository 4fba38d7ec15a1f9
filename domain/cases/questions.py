"""Questions to the reporter. While one is open the handling clocks rest; unanswered ones let them run again in time."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.cases.admission import QUESTION_CHARS_MAX
from domain.cases.clocks import Pause
from domain.cases.events import QuestionAnswered, QuestionAsked
from domain.cases.forwarding import queue_message
from domain.cases.people import reports_of_case
from domain.kernel import audit, database, outbox
from domain.kernel.errors import Invalid, NotFound, Refusal, Text
from domain.kernel.ids import new_id
from domain.reports import timeline

ANSWER_WITHIN = timedelta(days=7)


class QuestionOpen(Refusal):
    """The reporter has not answered the previous question yet."""

    code = "question-open"
    status = 409
    title = Text("上一个问题尚未答复", "A question is still open")
    advice = Text("请等待答复或答复期满。", "Wait for the answer or the end of its time.")


class QuestionClosed(Refusal):
    """The question was answered already."""

    code = "question-answered"
    status = 409
    title = Text("该问题已答复", "The question has been answered")
    advice = Text("如需补充，请在下一次提问时说明。", "Add more when you are asked again.")


async def ask(case_id: UUID, *, round_: int, text: str, by: str, now: datetime) -> UUID:
    """Asks the reporters of a case, in the caller's transaction; an open question is replaced only after its time."""
    if not 1 <= len(text) <= QUESTION_CHARS_MAX:
        raise Invalid(Text("问题为 1–500 字", "a question has 1 to 500 characters"), field="text")
    await database.execute(
        'update case_question set answered_at = answer_by where "case" = $1'
        " and answered_at is null and answer_by <= $2",
        case_id,
        now,
    )
    question_id: UUID | None = await database.fetch_value(
        'insert into case_question (id, "case", round, asked_by, text, asked_at, answer_by, photos)'
        " values ($1, $2, $3, $4, $5, $6, $7, 0) on conflict do nothing returning id",
        new_id(),
        case_id,
        round_,
        by,
        text,
        now,
        now + ANSWER_WITHIN,
    )
    if question_id is None:
        raise QuestionOpen
    await database.execute("update case_file set look_at = $2 where id = $1", case_id, now)
    await outbox.record(QuestionAsked(case_id=case_id, question_id=question_id), at=now)
    await timeline.append(
        await reports_of_case(case_id),
        kind="question",
        note=Text(f"需要您补充：{text}", f"A question to you: {text}"),
        at=now,
        status="waiting_for_you",
        detail={"question": question_id, "answer_by": now + ANSWER_WITHIN},
    )
    await audit.append(actor=by, action="case.ask", subject=f"case:{case_id}", at=now, detail={"question": question_id})
    return question_id


async def answer(question_id: UUID, *, report_id: UUID, text: str, photos: int, now: datetime) -> UUID:
    """One reporter's answer, in the caller's transaction; the clocks run again. Returns the case."""
    row = await database.fetch_row(
        'select q."case", q.round, q.answered_at from case_question q join case_report r on r."case" = q."case"'
        " and r.report = $2 and r.left_at is null where q.id = $1 for update of q",
        question_id,
        report_id,
    )
    if row is None:
        raise NotFound
    if row["answered_at"] is not None:
        raise QuestionClosed
    await database.execute(
        "update case_question set answered_at = $2, answer = $3, report = $4, photos = $5 where id = $1",
        question_id,
        now,
        text,
        report_id,
        photos,
    )
    case_id: UUID = row["case"]
    await database.execute("update case_file set look_at = $2 where id = $1", case_id, now)
    await queue_message("answered", case_id=case_id, round_=row["round"], now=now, about=question_id)
    await outbox.record(QuestionAnswered(case_id=case_id, question_id=question_id), at=now)
    note = Text("您已答复", "You answered")
    await timeline.append(
        [report_id], kind="answer", note=note, at=now, status="handling", detail={"question": question_id}
    )
    return case_id


def is_open(row: Any, *, now: datetime) -> bool:
    """Whether a row of `case_question` still waits for its answer."""
    return row["answered_at"] is None and row["answer_by"] > now


def pause_of(row: Any, *, now: datetime) -> Pause:
    """The rest that a question makes; an unanswered one ends when its time is over."""
    end = None if is_open(row, now=now) else row["answered_at"] or row["answer_by"]
    return Pause(row["asked_at"], end, "question")
