"""Solved? Satisfied? One answer per reporter and round, changeable for 7 days; "not solved" opens the next round."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from domain.cases import rounds
from domain.cases.events import ResultRated
from domain.kernel import audit, database, outbox
from domain.kernel.errors import Refusal, Text
from domain.kernel.ids import new_id
from domain.reports import timeline

CHANGEABLE = timedelta(days=7)


class NothingToRate(Refusal):
    """The case of this report has no result in this round."""

    code = "nothing-to-rate"
    status = 409
    title = Text("尚无可评价的结果", "There is no result to rate yet")
    advice = Text("请在办结后评价；撤回的举报不能评价。", "Rate after the closure; withdrawn reports have none.")


class RatingFixed(Refusal):
    """The answer is older than 7 days."""

    code = "rating-fixed"
    status = 409
    title = Text("评价已不能修改", "The rating can no longer be changed")
    advice = Text("评价在提交后 7 天内可以修改。", "A rating may be changed for 7 days.")


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What the reporter says."""

    solved: bool
    satisfied: bool
    how: int | None = None  # 1 to 5
    text: str | None = None


class Rated(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from the judgement."""

    round: int
    opened_round: int | None
    review_id: UUID | None
    changeable_until: datetime


LOCK = """
select f.id, f.round, f.closed, r.number, r.closed_at from case_file f
join case_report l on l."case" = f.id and l.report = $1 and l.left_at is null
join case_round r on r."case" = f.id and r.number = coalesce($2, (
  select max(number) from case_round c where c."case" = f.id and c.closed_at is not null))
for update of f
"""
RATE = """
insert into case_rating (id, "case", round, report, solved, satisfied, how, text, given_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict ("case", round, report)
do update set solved = excluded.solved, satisfied = excluded.satisfied, how = excluded.how, text = excluded.text,
  changed_at = excluded.given_at where case_rating.given_at > $10
returning given_at
"""


async def rate(report_id: UUID, judgement: Judgement, *, round_: int | None, now: datetime) -> Rated:
    """Stores the judgement on a closed round (by default the latest), in the caller's transaction."""
    case = await database.fetch_row(LOCK, report_id, round_)
    if case is None or case["closed_at"] is None:
        raise NothingToRate
    said = judgement
    given_at = await database.fetch_value(
        RATE,
        new_id(),
        case["id"],
        case["number"],
        report_id,
        said.solved,
        said.satisfied,
        said.how,
        said.text,
        now,
        now - CHANGEABLE,
    )
    if given_at is None:
        raise RatingFixed
    await _tell(report_id, case["id"], said, round_=case["number"], now=now)
    opened, review_id = None, None
    disputes = not said.solved and case["closed"] and case["number"] == case["round"]
    if disputes and now - case["closed_at"] <= rounds.WINDOW:
        opened, review_id = await _dispute(case["id"], report_id, said, round_=case["number"], now=now)
    return Rated(round=case["number"], opened_round=opened, review_id=review_id, changeable_until=given_at + CHANGEABLE)


async def _dispute(
    case_id: UUID, report_id: UUID, said: Judgement, *, round_: int, now: datetime
) -> tuple[int | None, UUID | None]:
    reason = said.text or "not solved"
    if round_ >= rounds.ROUNDS_MAX:
        review = await rounds.request_review(case_id, report_id=report_id, round_=round_, reason=reason, now=now)
        return None, review
    await rounds.reopen(case_id, number=round_ + 1, reason=reason, now=now)
    return round_ + 1, None


async def _tell(report_id: UUID, case_id: UUID, said: Judgement, *, round_: int, now: datetime) -> None:
    rated = ResultRated(case_id=case_id, round=round_, solved=said.solved, satisfied=said.satisfied)
    await outbox.record(rated, at=now)
    note = Text(
        f"您的评价：{'已解决' if said.solved else '未解决'}，{'满意' if said.satisfied else '不满意'}",
        f"Your rating: {'' if said.solved else 'not '}solved, {'' if said.satisfied else 'not '}satisfied",
    )
    await timeline.append([report_id], kind="rated", note=note, at=now, detail={"round": round_, "how": said.how})
    await audit.append(
        actor="reporter",
        action="case.rate",
        subject=f"case:{case_id}",
        at=now,
        detail={"round": round_, "solved": said.solved, "satisfied": said.satisfied},
    )
