"""The three rates from one query: outcomes that solve nothing never raise them."""

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from domain.cases import looking, rates
from domain.cases.progress import apply
from domain.cases.satisfaction import Judgement, rate
from domain.kernel import calendar, clock, database
from tests.builders.cases import a_case_of, an_update
from tests.builders.reports import a_report

pytestmark = pytest.mark.usefixtures("database")


async def a_closed_case(outcome: str, *, closed_after: timedelta = timedelta(hours=5)) -> tuple[UUID, UUID]:
    start = clock.utc_now() - timedelta(days=100)
    report_id = await a_report(category="noise.social", now=start)
    case_id = await a_case_of(report_id, now=start)
    way = ["signed", "dispatched", "inspected", "closed"]
    updates = [
        an_update(
            case_id, n, s, happened_at=start + closed_after * n / 4, **({"outcome": outcome} if s == "closed" else {})
        )
        for n, s in enumerate(way, start=1)
    ]
    async with database.transaction():
        await apply(updates, now=clock.utc_now())
    return report_id, case_id


async def lines(**changes) -> list[rates.Rates]:
    from domain.cases import limits

    rules, days, now = await limits.load(), await calendar.load(), clock.utc_now()
    for row in await database.fetch("select id from case_file"):
        async with database.transaction():
            await looking.look_at([row["id"]], rules=rules, days=days, now=now)
    first = (now - timedelta(days=200)).date()
    return await rates.rates(by="all", first=first, last=now.date(), now=now)


async def test_unsubstantiated_not_ours_and_duplicate_never_raise_the_resolved_rate() -> None:
    for outcome in ["solved"] * 3 + ["partly"] * 3:
        await a_closed_case(outcome)
    before = (await lines())[0].resolved_rate
    for outcome in ("unsubstantiated", "not_ours", "duplicate", "refused"):
        await a_closed_case(outcome)
        after = (await lines())[0].resolved_rate
        assert after < before
        before = after


async def test_not_solved_takes_the_round_out_of_the_resolved_ones() -> None:
    cases = [await a_closed_case("solved") for _ in range(5)]
    assert (await lines())[0].resolved == 5
    async with database.transaction():
        await rate(cases[0][0], Judgement(solved=False, satisfied=False), round_=1, now=clock.utc_now())
    line = (await lines())[0]

    assert (line.resolved, line.answers, line.satisfied) == (4, 1, 0)
    assert line.satisfaction_rate is None


async def test_on_time_counts_what_is_closed_or_overdue() -> None:
    for _ in range(4):
        await a_closed_case("solved")
    await a_closed_case("solved", closed_after=timedelta(days=80))
    overdue = await a_report(category="noise.social", now=clock.utc_now() - timedelta(days=90))
    await a_case_of(overdue, now=clock.utc_now() - timedelta(days=90))
    fresh = await a_report(category="noise.social")
    await a_case_of(fresh)
    line = (await lines())[0]

    assert (line.rounds, line.due, line.on_time) == (7, 6, 4)
    assert line.on_time_rate == round(4 / 6, 4)
    assert line.median_hours_to_close == 5.0


async def test_a_line_is_made_of_exactly_the_rounds_behind_it() -> None:
    for _ in range(6):
        await a_closed_case("solved")
    line = (await lines())[0]
    now = clock.utc_now()
    behind = await rates.drill(
        by="all", group="all", first=date(2020, 1, 1), last=now.date(), after=None, limit=100, now=now
    )
    rounds = [rates.counted_round(row) for row in behind]

    assert line.rounds == len(rounds)
    assert line.resolved == sum(r.resolved for r in rounds)
    assert line.on_time == sum(r.on_time for r in rounds)
    assert isinstance(rounds[0].opened_at, datetime)
