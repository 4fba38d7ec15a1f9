"""A new round: the matter goes to the platform again, with an id and clocks of its own."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.cases.events import CaseReopened, ReviewRequested
from domain.cases.forwarding import queue_message
from domain.cases.people import reports_of_case
from domain.cases.stages import Stage
from domain.kernel import audit, database, outbox
from domain.kernel.errors import Text
from domain.kernel.ids import new_id
from domain.reports import timeline

ROUNDS_MAX = 3  # the first handling and two more; then a review
WINDOW = timedelta(days=30)  # after a closure, in which "not solved" opens a round


async def reopen(case_id: UUID, *, number: int, reason: str, now: datetime) -> None:
    """Opens round `number` of a case that the caller has locked, and hands it over again."""
    round_id = new_id()
    await database.execute(
        'insert into case_round (id, "case", number, reason, opened_at, provisional)'
        " values ($1, $2, $3, $4, $5, false)",
        round_id,
        case_id,
        number,
        reason,
        now,
    )
    await database.execute(
        "update case_file set round = $2, stage = $3, stage_since = $4, closed = false, provisional = false,"
        " outcome = null, look_at = $4 where id = $1",
        case_id,
        number,
        Stage.REOPENED,
        now,
    )
    await queue_message("reopened", case_id=case_id, round_=number, now=now, job_id=round_id)
    await outbox.record(CaseReopened(case_id=case_id, round=number), at=now)
    note = Text(f"您反映未解决，已重新移交（第 {number} 轮）", f"Not solved: handed over again (round {number})")
    await timeline.append(
        await reports_of_case(case_id), kind="reopened", note=note, at=now, status="reopened", detail={"round": number}
    )
    await audit.append(
        actor="reporter", action="case.reopen", subject=f"case:{case_id}", at=now, detail={"round": number}
    )


async def request_review(case_id: UUID, *, report_id: UUID, round_: int, reason: str, now: datetime) -> UUID | None:
    """The rounds are used up: a review by the bureau, once per reporter and round; None when asked already."""
    review_id: UUID | None = await database.fetch_value(
        'insert into case_review (id, "case", report, round, reason, requested_at) values ($1, $2, $3, $4, $5, $6)'
        " on conflict do nothing returning id",
        new_id(),
        case_id,
        report_id,
        round_,
        reason,
        now,
    )
    if review_id is None:
        return None
    await outbox.record(ReviewRequested(case_id=case_id, review_id=review_id), at=now)
    note = Text("轮次已用完，已申请复核", "The rounds are used up; a review was requested")
    await timeline.append([report_id], kind="review", note=note, at=now, detail={"review": review_id})
    await audit.append(
        actor="reporter", action="case.review", subject=f"case:{case_id}", at=now, detail={"review": review_id}
    )
    return review_id
