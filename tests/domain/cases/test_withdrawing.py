"""Taking a report back is possible until anybody was dispatched in its case, and at no stage after."""

from uuid import UUID

import pytest

from domain.cases import forwarding, people, satisfaction, withdrawing
from domain.cases.progress import apply
from domain.cases.stages import Stage
from domain.kernel import clock, database
from domain.kernel.errors import NotFound
from domain.kernel.handling import Recorded
from domain.reports.events import ReportSubmitted
from domain.reports.withdrawal import TooLateToWithdraw
from tests.builders.cases import a_case, a_case_of, an_update
from tests.builders.reports import a_report
from tests.builders.residents import a_resident

pytestmark = pytest.mark.usefixtures("database")


async def withdraw(report_id: UUID, account_id: UUID | None = None) -> None:
    async with database.transaction():
        await withdrawing.withdraw(report_id, account_id=account_id, now=clock.utc_now())


async def reach(case_id: UUID, *stages: str) -> None:
    async with database.transaction():
        updates = [an_update(case_id, n, stage) for n, stage in enumerate(stages, start=1)]
        assert [v.refusal for v in await apply(updates, now=clock.utc_now())] == [None] * len(stages)


WAYS = {
    (): True,
    ("signed",): True,
    ("refused",): False,
    ("signed", "suspended"): False,
    ("signed", "dispatched"): False,
    ("signed", "dispatched", "returned"): False,
    ("signed", "dispatched", "inspected"): False,
    ("signed", "dispatched", "inspected", "rectifying"): False,
    ("signed", "dispatched", "inspected", "filed"): False,
    ("signed", "dispatched", "inspected", "filed", "penalised"): False,
    ("signed", "dispatched", "inspected", "rectifying", "post_inspected"): False,
    ("signed", "dispatched", "inspected", "rectifying", "post_inspected", "closed"): False,
}


@pytest.mark.parametrize(("stages", "allowed"), WAYS.items(), ids=["-".join(way) or "accepted" for way in WAYS])
async def test_the_stage_decides(stages: tuple[str, ...], allowed: bool) -> None:
    report = await a_report()
    await reach(await a_case_of(report), *stages)

    if allowed:
        await withdraw(report)
        assert await people.case_of_report(report) is None
    else:
        with pytest.raises(TooLateToWithdraw):
            await withdraw(report)
        assert await people.case_of_report(report) is not None


async def test_a_note_with_text_and_a_question_do_not_stand_in_the_way() -> None:
    report = await a_report()
    case_id = await a_case_of(report)
    async with database.transaction():
        note = an_update(case_id, 1, None, public_text="已转交值班人员")
        question = an_update(case_id, 2, None, kind="question", public_text="在哪一侧？")
        await apply([note, question], now=clock.utc_now())

    await withdraw(report)


async def test_a_report_joined_to_a_case_on_its_way_cannot_be_taken_back() -> None:
    """Its own timeline knows of no dispatch: the case does."""
    case_id, report = await a_case(), await a_report()
    await a_case_of(report)
    await reach(case_id, "signed", "dispatched")
    async with database.transaction():
        await people.join(report, case_id=case_id, by="operator:1", now=clock.utc_now())

    with pytest.raises(TooLateToWithdraw):
        await withdraw(report)


async def test_a_reopened_case_was_dispatched_before() -> None:
    report = await a_report(category="noise.social")
    case_id = await a_case_of(report)
    await reach(case_id, "signed", "dispatched", "inspected", "closed")
    async with database.transaction():
        judgement = satisfaction.Judgement(solved=False, satisfied=False)
        await satisfaction.rate(report, judgement, round_=None, now=clock.utc_now())

    with pytest.raises(TooLateToWithdraw):
        await withdraw(report)


async def test_somebody_elses_report_looks_like_none_and_a_report_is_taken_back_once() -> None:
    mine, other = await a_resident(), await a_resident()
    report = await a_report(sender=mine.account)

    with pytest.raises(NotFound):
        await withdraw(report, other.account)
    await withdraw(report, mine.account)
    with pytest.raises(TooLateToWithdraw):
        await withdraw(report, mine.account)


async def test_a_report_taken_back_before_its_case_was_opened_gets_none() -> None:
    report = await a_report()
    await withdraw(report)
    row = await database.fetch_row("select number, category, channel from report where id = $1", report)
    assert row is not None
    async with database.transaction():
        event = ReportSubmitted(report_id=report, **dict(row))
        await forwarding.queue_forward.take([Recorded(id=1, at=clock.utc_now(), event=event)])

    assert await database.fetch_value("select count(*) from case_file") == 0


async def test_an_update_after_the_withdrawal_says_nothing_to_who_left() -> None:
    report = await a_report()
    case_id = await a_case_of(report)
    await withdraw(report)
    await reach(case_id, "signed", "dispatched")

    rows = await database.fetch("select kind from report_timeline where report = $1 order by id", report)
    assert [row["kind"] for row in rows][-1] == "withdrawn"
    assert Stage.DISPATCHED not in {row["kind"] for row in rows}
