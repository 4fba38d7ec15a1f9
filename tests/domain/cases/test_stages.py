"""The graph as data, and the state that does not care in which order updates arrive."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cases.guards import GUARDS, ActorClass, StageIncomplete, check
from domain.cases.stages import LABELS, NEXT, BadTransition, Outcome, Stage, State, Step, advance, state_of

START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


def a_step(sequence: int, stage: Stage | None, **changes) -> Step:
    ordinary = {
        "update_id": f"u{changes.get('round', 1)}-{sequence}",
        "sequence": sequence,
        "stage": stage,
        "at": START + timedelta(hours=sequence),
    }
    if stage is Stage.CLOSED:
        ordinary["outcome"] = Outcome.SOLVED
    return Step(**ordinary | changes)


def a_walk(*stages: Stage) -> list[Step]:
    return [a_step(n, stage) for n, stage in enumerate(stages, start=1)]


@st.composite
def legal_walks(draw) -> list[Step]:
    """A history as an honest platform numbers it, notes between stages included."""
    steps, stage, rested = [], Stage.ACCEPTED, False
    for sequence in range(1, draw(st.integers(2, 14))):
        if draw(st.booleans()) or not sequence % 5:
            wanted = draw(st.sampled_from(sorted(NEXT[stage] | ({stage} if rested else set()))))
            steps.append(a_step(sequence, wanted, passed=draw(st.booleans())))
            rested = wanted is Stage.SUSPENDED
            stage = stage if rested else wanted
        else:
            steps.append(a_step(sequence, None))
    return steps


def test_every_stage_is_in_the_graph_and_leads_somewhere() -> None:
    assert set(Stage) == set(NEXT) == set(LABELS) == set(GUARDS)
    assert all(NEXT.values())


def test_every_stage_but_the_start_can_be_reached() -> None:
    assert set(Stage) - {Stage.ACCEPTED} == {after for stage in Stage for after in NEXT[stage]}


@given(legal_walks(), st.randoms(use_true_random=False), st.data())
def test_permutations_and_duplicates_of_the_same_updates_reach_the_same_state(walk, rng: random.Random, data) -> None:
    received = walk + data.draw(st.lists(st.sampled_from(walk), max_size=5)) if walk else []
    rng.shuffle(received)

    assert state_of(walk, needs_post_inspection=True) == state_of(received, needs_post_inspection=True)


@given(legal_walks(), st.randoms(use_true_random=False), st.data())
def test_every_update_of_an_honest_platform_is_admitted_in_any_order_with_any_losses(walk, rng, data) -> None:
    kept = [step for step in walk if data.draw(st.booleans())]
    rng.shuffle(kept)
    history: list[Step] = []
    highest = State().sequence
    for step in kept:
        advance(history, step)
        history.append(step)
        state = state_of(history)
        assert state.sequence >= highest
        highest = state.sequence

    assert state_of(kept) == state_of(history)


@given(legal_walks(), st.randoms(use_true_random=False), st.data())
def test_losing_all_but_the_last_stages_reaches_the_same_stage_and_healing_changes_nothing(walk, rng, data) -> None:
    staged = [step for step in walk if step.stage is not None]
    lost = set(data.draw(st.lists(st.sampled_from(staged[:-2]), max_size=5))) if staged[:-2] else set()
    kept = [step for step in walk if step not in lost]

    assert state_of(walk).stage is state_of(kept).stage
    assert state_of(walk) == state_of(kept + list(lost))


def test_a_late_update_is_stored_in_place_and_never_moves_the_state_back() -> None:
    history = [a_step(3, Stage.INSPECTED)]
    late = a_step(1, Stage.SIGNED)
    advance(history, late)

    assert Stage.INSPECTED is state_of([*history, late]).stage


def test_a_bad_transition_names_the_allowed_stages() -> None:
    with pytest.raises(BadTransition) as caught:
        advance(a_walk(Stage.SIGNED), a_step(2, Stage.PENALISED))

    assert sorted(NEXT[Stage.SIGNED]) == caught.value.facts["allowed"]


def test_leaving_numbers_out_skips_no_step() -> None:
    with pytest.raises(BadTransition):
        advance([], a_step(1, Stage.CLOSED))
    with pytest.raises(BadTransition):
        advance(a_walk(Stage.SIGNED, Stage.DISPATCHED), a_step(4, Stage.PENALISED))

    advance(a_walk(Stage.SIGNED, Stage.DISPATCHED), a_step(5, Stage.PENALISED))


def test_a_closure_is_provisional_until_a_passed_post_inspection() -> None:
    walk = a_walk(Stage.SIGNED, Stage.DISPATCHED, Stage.INSPECTED, Stage.RECTIFYING, Stage.CLOSED)
    closed = state_of(walk, needs_post_inspection=True)
    passed = state_of([*walk, a_step(6, Stage.POST_INSPECTED, passed=True)], needs_post_inspection=True)
    failed = state_of([*walk, a_step(6, Stage.POST_INSPECTED, passed=False)], needs_post_inspection=True)

    assert (closed.closed, closed.provisional, closed.substantiated) == (True, True, True)
    assert (passed.closed, passed.provisional, passed.stage) == (True, False, Stage.CLOSED)
    assert (failed.closed, failed.stage) == (False, Stage.POST_INSPECTED)


def test_a_post_inspection_before_the_closure_makes_it_final() -> None:
    walk = a_walk(Stage.SIGNED, Stage.DISPATCHED, Stage.INSPECTED, Stage.RECTIFYING)
    passed = [*walk, a_step(5, Stage.POST_INSPECTED, passed=True), a_step(6, Stage.CLOSED)]
    failed = [*walk, a_step(5, Stage.POST_INSPECTED, passed=False), a_step(6, Stage.CLOSED)]

    assert not state_of(passed, needs_post_inspection=True).provisional
    assert state_of(failed, needs_post_inspection=True).provisional


def test_updates_of_an_earlier_round_do_not_move_the_later_one() -> None:
    first = a_walk(Stage.SIGNED, Stage.DISPATCHED, Stage.INSPECTED, Stage.CLOSED)
    second = [a_step(1, Stage.SIGNED, round=2)]

    assert Stage.SIGNED is state_of(first + second, round_=2).stage
    assert Stage.ACCEPTED is state_of(first, round_=2).stage


def test_not_ours_is_a_closure_that_does_not_substantiate() -> None:
    state = state_of(a_walk(Stage.SIGNED, Stage.REFUSED))

    assert (state.closed, state.outcome, state.substantiated) == (True, Outcome.NOT_OURS, False)


def test_a_stage_says_which_field_it_lacks_and_who_may_set_it() -> None:
    with pytest.raises(StageIncomplete) as caught:
        check(Stage.CLOSED, actor=ActorClass.CLERK, given={"outcome": "solved"}, previous=Stage.INSPECTED)

    assert caught.value.facts["needs"] == ["public_text"]
    assert ActorClass.CLERK not in caught.value.facts["actors"]


def test_nothing_is_closed_as_solved_without_a_visit() -> None:
    given_ = {"outcome": Outcome.SOLVED, "public_text": "已处理"}
    with pytest.raises(StageIncomplete):
        check(Stage.CLOSED, actor=ActorClass.SUPERVISOR, given=given_, previous=Stage.SIGNED)

    check(
        Stage.CLOSED,
        actor=ActorClass.SUPERVISOR,
        given=given_ | {"outcome": Outcome.DUPLICATE},
        previous=Stage.SIGNED,
    )
