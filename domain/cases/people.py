"""Which reports a case answers, and which case answers a report. Joining is counted and reversible."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.kernel import audit, database
from domain.kernel.errors import Refusal, Text
from domain.kernel.ids import new_id


class JoinRefused(Refusal):
    """The two cannot be joined: no such case, the report is there already, or the case is closed."""

    code = "join-refused"
    status = 409
    title = Text("不能并案", "The report cannot be joined")
    advice = Text("请核对两个案件的状态。", "Check the state of both cases.")


# An empty case that the platform has not taken yet need not be handed over any more.
RETIRE = """
update case_file f set withdrawn_at = $2, look_at = null
where id = $1 and not exists (select 1 from case_report l where l."case" = f.id and l.left_at is null)
  and exists (select 1 from case_round r where r."case" = f.id and r.number = f.round and r.accepted_at is null)
"""


async def reports_of_case(case_id: UUID) -> list[UUID]:
    """The reports the case answers now, first one first."""
    return (await reports_of_cases([case_id])).get(case_id, [])


async def reports_of_cases(case_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The reports of many cases; cases without any are missing."""
    rows = await database.fetch(
        'select "case", report from case_report where "case" = any($1) and left_at is null order by joined_at, id',
        list(case_ids),
    )
    found: dict[UUID, list[UUID]] = {}
    for row in rows:
        found.setdefault(row["case"], []).append(row["report"])
    return found


async def case_of_report(report_id: UUID) -> UUID | None:
    """The case that answers the report; None before it was handed over or after its withdrawal."""
    case: UUID | None = await database.fetch_value(
        'select "case" from case_report where report = $1 and left_at is null', report_id
    )
    return case


async def join(report_id: UUID, *, case_id: UUID, by: str, now: datetime) -> None:
    """Moves a report to another case, in the caller's transaction. Its own case stays, without reports."""
    own = await case_of_report(report_id)
    open_ = await database.fetch_value("select not closed from case_file where id = $1 for update", case_id)
    if own == case_id or not open_:
        raise JoinRefused
    await _leave(report_id, by=by, now=now)
    await _enter(report_id, case_id=case_id, by=by, now=now)
    await database.execute(RETIRE, own, now)
    await audit.append(
        actor=by, action="case.join", subject=f"case:{case_id}", at=now, detail={"report": report_id, "from": own}
    )


async def unjoin(report_id: UUID, *, by: str, now: datetime) -> UUID:
    """Takes a joined report back to the case it had before; returns that case. Raises `JoinRefused`."""
    before: UUID | None = await database.fetch_value(
        'select "case" from case_report where report = $1 and left_at is not null'
        " order by left_at desc, id desc limit 1",
        report_id,
    )
    if before is None:
        raise JoinRefused
    await _leave(report_id, by=by, now=now)
    await _enter(report_id, case_id=before, by=by, now=now)
    await database.execute(
        "update case_file set withdrawn_at = null, look_at = $2 where id = $1 and withdrawn_at is not null", before, now
    )
    await audit.append(actor=by, action="case.unjoin", subject=f"case:{before}", at=now, detail={"report": report_id})
    return before


async def _leave(report_id: UUID, *, by: str, now: datetime) -> None:
    await database.execute(
        "update case_report set left_at = $2, left_by = $3 where report = $1 and left_at is null", report_id, now, by
    )


async def _enter(report_id: UUID, *, case_id: UUID, by: str, now: datetime) -> None:
    await database.execute(
        'insert into case_report (id, "case", report, joined_at, joined_by) values ($1, $2, $3, $4, $5)',
        new_id(),
        case_id,
        report_id,
        now,
        by,
    )
