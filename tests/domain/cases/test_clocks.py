"""Due moments, lights, rests and extensions, all computed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cases.clocks import Extension, Limit, Matter, Node, Pause, Unit, limit_for, merged, pauses_of, run, spans
from domain.cases.lights import Light, light_of, next_change
from domain.cases.stages import Outcome, Stage, Step
from domain.kernel.calendar import Calendar
from domain.kernel.clock import DISTRICT_ZONE

MONDAY = datetime(2026, 11, 2, 9, 0, tzinfo=DISTRICT_ZONE)


def a_limit(**changes) -> Limit:
    ordinary = {
        "id": "l1",
        "node": Node.FINISH,
        "amount": 10,
        "unit": Unit.WORKING_DAYS,
        "valid_from": date(2020, 1, 1),
    }
    return Limit(**ordinary | changes)


def a_clock(**changes):
    ordinary = {
        "limit": a_limit(),
        "started_at": MONDAY,
        "ended_at": None,
        "round_": 1,
        "calendar": Calendar(),
        "pauses": (),
        "extensions": (),
    }
    values = ordinary | changes
    return run(values["limit"].node, **values)


def test_ten_working_days_end_with_the_tenth_and_turn_amber_after_the_seventh() -> None:
    clock = a_clock()

    assert datetime(2026, 11, 17, tzinfo=DISTRICT_ZONE) == clock.due_at
    assert datetime(2026, 11, 12, tzinfo=DISTRICT_ZONE) == clock.amber_at


def test_seventy_percent_of_seven_days_is_nine_tenths_of_the_fifth() -> None:
    clock = a_clock(limit=a_limit(amount=7))

    assert datetime(2026, 11, 9, 21, 36, tzinfo=DISTRICT_ZONE) == clock.amber_at


@pytest.mark.parametrize(
    ("moment", "light"),
    [
        (timedelta(hours=16, minutes=47), Light.GREEN),
        (timedelta(hours=16, minutes=48), Light.AMBER),
        (timedelta(hours=23, minutes=59), Light.AMBER),
        (timedelta(hours=24), Light.RED),
    ],
)
def test_hours_turn_amber_at_seventy_and_red_at_a_hundred_percent(moment: timedelta, light: Light) -> None:
    clock = a_clock(limit=a_limit(amount=24, unit=Unit.HOURS))

    assert light is light_of(clock, now=MONDAY + moment)


def test_a_rest_moves_the_due_day_by_the_working_days_in_it() -> None:
    rest = Pause(MONDAY + timedelta(days=1), MONDAY + timedelta(days=8), "suspended")
    clock = a_clock(pauses=[rest])

    assert datetime(2026, 11, 24, tzinfo=DISTRICT_ZONE) == clock.due_at


def test_a_resting_clock_keeps_the_light_it_had_and_never_turns() -> None:
    rest = Pause(MONDAY + timedelta(hours=1), None, "question")
    clock = a_clock(limit=a_limit(amount=4, unit=Unit.HOURS), pauses=[rest])

    assert Light.GREEN is light_of(clock, now=MONDAY + timedelta(days=30))
    assert None is next_change([clock], now=MONDAY)


def test_an_extension_lengthens_its_own_node_only() -> None:
    longer = a_clock(extensions=[Extension(Node.FINISH, 5), Extension(Node.INSPECT, 9)])

    assert datetime(2026, 11, 24, tzinfo=DISTRICT_ZONE) == longer.due_at


def test_a_calendar_correction_moves_the_clock() -> None:
    corrected = Calendar({date(2026, 11, 5): False})

    assert datetime(2026, 11, 18, tzinfo=DISTRICT_ZONE) == a_clock(calendar=corrected).due_at


def test_a_clock_that_crosses_unpublished_years_says_so() -> None:
    clock = a_clock(started_at=datetime(2026, 12, 25, 3, tzinfo=UTC))

    assert clock.provisional


def test_a_report_late_in_the_utc_evening_counts_from_the_local_day() -> None:
    clock = a_clock(started_at=datetime(2026, 6, 30, 16, 30, tzinfo=UTC), limit=a_limit(amount=1))

    assert datetime(2026, 7, 3, tzinfo=DISTRICT_ZONE) == clock.due_at


@given(st.integers(1, 80), st.sampled_from(Unit), st.integers(0, 500_000))
def test_amber_is_never_after_red_and_never_before_the_start(amount: int, unit: Unit, minutes: int) -> None:
    clock = a_clock(limit=a_limit(amount=amount, unit=unit), started_at=MONDAY + timedelta(minutes=minutes - 400_000))

    assert clock.started_at < clock.amber_at < clock.due_at


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=6))
def test_overlapping_rests_rest_each_minute_once(raw: list[tuple[int, int]]) -> None:
    pauses = [Pause(MONDAY + timedelta(minutes=a), MONDAY + timedelta(minutes=a + b), "x") for a, b in raw]
    clock = a_clock(limit=a_limit(amount=4, unit=Unit.HOURS), pauses=pauses)
    rested = {m for a, b in raw for m in range(a, a + b)}

    working, minute = 0, 0
    while working < 4 * 60:
        working += minute not in rested
        minute += 1
    assert MONDAY + timedelta(minutes=minute) <= clock.due_at <= MONDAY + timedelta(minutes=minute + 1) or not raw
    assert len(merged(pauses)) <= len(pauses)


def test_the_most_specific_limit_in_force_counts() -> None:
    limits = [
        a_limit(id="general"),
        a_limit(id="hotline", channel="12345"),
        a_limit(id="water", category="water"),
        a_limit(id="old-noise", category="noise", valid_until=date(2021, 1, 1)),
    ]

    def chosen(category: str, channel: str) -> str:
        found = limit_for(
            limits,
            Node.FINISH,
            on=date(2026, 1, 1),
            matter=Matter(region="", channel=channel, category=category, clock_class="ordinary"),
        )
        return found.id if found else "none"

    assert [
        chosen("water.odour", "12345"),
        chosen("noise", "12345"),
        chosen("air", "h5"),
    ] == ["water", "hotline", "general"]


def test_stretches_start_and_stop_with_events() -> None:
    def step(n: int, stage: Stage) -> Step:
        return Step(update_id=str(n), sequence=n, stage=stage, at=MONDAY + timedelta(hours=n), outcome=Outcome.SOLVED)

    steps = [step(1, Stage.SIGNED), step(2, Stage.DISPATCHED), step(3, Stage.SUSPENDED), step(4, Stage.INSPECTED)]
    found = spans(steps, accepted_at=MONDAY, round_=1)

    assert (Node.SIGN, MONDAY, MONDAY + timedelta(hours=1)) in found
    assert (Node.INSPECT, MONDAY + timedelta(hours=2), MONDAY + timedelta(hours=4)) in found
    assert (Node.FINISH, MONDAY, None) in found
    assert [Pause(MONDAY + timedelta(hours=3), MONDAY + timedelta(hours=4), "suspended")] == pauses_of(steps, round_=1)
