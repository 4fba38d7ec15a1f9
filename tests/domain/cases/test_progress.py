"""Updates on the real database: once, in place, or refused with the reason and kept."""

import random
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from domain.cases import progress, questions, views
from domain.cases.people import join, reports_of_case, unjoin
from domain.cases.satisfaction import Judgement, NothingToRate, RatingFixed, rate
from domain.cases.updates import Kind, Update
from domain.kernel import clock, database
from domain.reports import timeline
from tests.builders.cases import a_case, a_case_of, an_update
from tests.builders.reports import a_report

pytestmark = pytest.mark.usefixtures("database")
WAY = ("signed", "dispatched", "inspected", "rectifying", "post_inspected", "closed")


async def take(*updates: Update) -> list[str]:
    async with database.transaction():
        verdicts = await progress.apply(updates, now=clock.utc_now())
    return [v.refusal.code if v.refusal else ("replayed" if v.replayed else "taken") for v in verdicts]


def the_way(case_id: UUID, stages: tuple[str, ...] = WAY) -> list[Update]:
    return [an_update(case_id, n, stage) for n, stage in enumerate(stages, start=1)]


async def state(case_id: UUID) -> tuple:
    row = await database.fetch_row(
        "select stage, closed, provisional, outcome, round from case_file where id = $1", case_id
    )
    return tuple(row.values())


async def events(name: str) -> list[dict]:
    import json

    rows = await database.fetch("select payload from outbox_event where name = $1 order by id", name)
    return [json.loads(row["payload"]) for row in rows]


async def test_the_whole_way_is_applied_and_told_in_order() -> None:
    case_id = await a_case()

    assert await take(*the_way(case_id)) == ["taken"] * 6
    assert await state(case_id) == ("closed", True, False, "solved", 1)
    assert [e["stage"] for e in await events("CaseProgressed")] == list(WAY[:5])
    assert [(e["substantiated"], e["provisional"]) for e in await events("CaseClosed")] == [(True, False)]
    told = await timeline.of_report((await reports_of_case(case_id))[0])
    assert [entry.kind for entry in told if entry.kind in WAY] == list(WAY)
    assert "现场照片已归档" not in str(told)


async def test_any_order_of_the_same_updates_ends_in_the_same_state() -> None:
    rng = random.Random(7)
    for _ in range(5):
        case_id = await a_case()
        shuffled = the_way(case_id)
        rng.shuffle(shuffled)
        for update in shuffled:
            assert await take(update, update) == ["taken", "replayed"]

        assert await state(case_id) == ("closed", True, False, "solved", 1)


async def test_a_late_update_tells_nobody_and_changes_no_status() -> None:
    case_id = await a_case()
    way = the_way(case_id)
    await take(way[2])
    before = len(await events("CaseProgressed"))
    await take(way[0])

    assert len(await events("CaseProgressed")) == before
    assert (await state(case_id))[0] == "inspected"


async def test_the_same_id_with_other_content_is_a_conflict_and_a_taken_sequence_too() -> None:
    case_id = await a_case()
    first = an_update(case_id, 1, "signed", update_id="u-1")
    other = an_update(case_id, 1, "signed", update_id="u-1", public_text="别的内容")
    rival = an_update(case_id, 1, "signed")

    assert await take(first, other, rival) == ["taken", "update-conflict", "sequence-taken"]


async def test_an_unknown_case_a_bad_stage_and_an_implausible_update_are_kept_with_the_reason() -> None:
    case_id = await a_case()
    future = clock.utc_now() + timedelta(hours=1)
    refused = [
        an_update(UUID(int=5), 1),
        an_update(case_id, 1, "closed"),
        an_update(case_id, 1, "signed", happened_at=future),
        an_update(case_id, 1, "signed", public_text="<script>alert(1)</script>"),
        an_update(case_id, 1, "signed", round=2),
        an_update(case_id, 1, "signed", actor_class="enforcer"),
    ]
    codes = await take(*refused)

    assert codes == [
        "case-unknown",
        "bad-transition",
        "update-implausible",
        "update-implausible",
        "round-unknown",
        "stage-incomplete",
    ]
    await take(refused[1])
    kept = await database.fetch(
        "select code, times from refused_update order by array_position($1::text[], code::text)", codes
    )
    assert [row["code"] for row in kept] == codes
    assert [row["times"] for row in kept] == [1, 2, 1, 1, 1, 1]


async def test_a_stored_update_cannot_be_changed_or_deleted() -> None:
    case_id = await a_case()
    await take(an_update(case_id, 1))

    for statement in ("update case_update set stage = 'closed'", "delete from case_update"):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await database.execute(statement)


async def test_an_update_that_overtakes_the_answer_to_the_hand_over_is_an_acceptance() -> None:
    case_id = await a_case(accepted=False)
    await take(an_update(case_id, 1))

    assert len(await events("CaseAccepted")) == 1
    assert (await views.of_case(case_id, now=clock.utc_now())).rounds[0].accepted_at is not None


async def test_a_provisional_closure_becomes_final_by_a_post_inspection_or_reopens() -> None:
    for passed, ends in ((True, ("closed", True, False)), (False, ("post_inspected", False, False))):
        case_id = await a_case()
        await take(*the_way(case_id, ("signed", "dispatched", "inspected", "rectifying", "closed")))
        assert (await state(case_id))[1:3] == (True, True)
        await take(an_update(case_id, 6, "post_inspected", passed=passed))

        assert (await state(case_id))[:3] == ends
    assert [e["provisional"] for e in await events("CaseClosed")] == [True, False, True]
    assert len(await events("CaseReopened")) == 1


async def test_not_solved_opens_a_new_round_with_its_own_id_and_the_last_one_a_review() -> None:
    report_id = await a_report()
    case_id = await a_case_of(report_id)
    unhappy = Judgement(solved=False, satisfied=False, how=1, text="还在排")
    for round_ in (1, 2, 3):
        await take(*[an_update(case_id, n, s, round=round_) for n, s in enumerate(WAY, start=1)])
        async with database.transaction():
            rated = await rate(report_id, unhappy, round_=None, now=clock.utc_now())
        assert rated.round == round_
        assert rated.opened_round == (round_ + 1 if round_ < 3 else None)
    assert rated.review_id is not None
    ids = await database.fetch("select id from case_round")
    assert len({row["id"] for row in ids}) == 3
    jobs = await database.fetch("select payload->>'message' as m from send_job where kind = 'forward' order by seq")
    assert [row["m"] for row in jobs] == ["opened", "reopened", "reopened"]


async def test_a_rating_can_be_changed_for_seven_days_and_only_after_a_result() -> None:
    report_id = await a_report()
    case_id = await a_case_of(report_id)
    good, now = Judgement(solved=True, satisfied=True), clock.utc_now()
    with pytest.raises(NothingToRate):
        async with database.transaction():
            await rate(report_id, good, round_=None, now=now)
    await take(*the_way(case_id))
    for later in (timedelta(0), timedelta(days=6)):
        async with database.transaction():
            await rate(report_id, Judgement(solved=True, satisfied=False), round_=1, now=now + later)
    with pytest.raises(RatingFixed):
        async with database.transaction():
            await rate(report_id, good, round_=1, now=now + timedelta(days=8))

    rows = await database.fetch("select satisfied from case_rating")
    assert [row["satisfied"] for row in rows] == [False]


async def test_joined_reports_follow_the_case_and_joining_is_reversible() -> None:
    case_id, other = await a_case(), await a_report()
    own = await a_case_of(other)
    async with database.transaction():
        await join(other, case_id=case_id, by="operator:1", now=clock.utc_now())
    await take(an_update(case_id, 1))

    assert len(await reports_of_case(case_id)) == 2
    assert "signed" in [entry.kind for entry in await timeline.of_report(other)]
    async with database.transaction():
        assert await unjoin(other, by="operator:1", now=clock.utc_now()) == own
    assert len(await reports_of_case(case_id)) == 1


async def test_a_question_rests_the_clocks_until_it_is_answered() -> None:
    report_id = await a_report()
    case_id = await a_case_of(report_id)
    ask = an_update(case_id, 2, None, kind=Kind.QUESTION, public_text="请问是几点看到的？")
    again = an_update(case_id, 3, None, kind=Kind.QUESTION, public_text="还有别的吗？")
    assert await take(an_update(case_id, 1), ask, again) == ["taken", "taken", "question-open"]
    view = await views.of_case(case_id, now=clock.utc_now())
    assert {c.resting for c in view.clocks if c.ended_at is None} == {"question"}

    async with database.transaction():
        await questions.answer(
            view.questions[0].id, report_id=report_id, text="早上六点", photos=0, now=clock.utc_now()
        )
    view = await views.of_case(case_id, now=clock.utc_now())
    assert {c.resting for c in view.clocks if c.ended_at is None} == {None}
    assert not view.questions
