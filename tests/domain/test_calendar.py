"""The worked examples of the working calendar."""

from datetime import date

import pytest

from domain.kernel import calendar
from domain.kernel.calendar import Calendar
from domain.kernel.clock import utc_now


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (date(2025, 1, 22), 7, date(2025, 2, 7)),
        (date(2025, 4, 30), 5, date(2025, 5, 12)),
        (date(2025, 9, 29), 7, date(2025, 10, 15)),
        (date(2025, 11, 3), 7, date(2025, 11, 12)),
        (date(2025, 12, 29), 7, date(2026, 1, 8)),
        (date(2026, 2, 10), 7, date(2026, 2, 26)),
        (date(2026, 9, 25), 15, date(2026, 10, 22)),
    ],
)
def test_working_days_of_the_published_years(start: date, days: int, due: date) -> None:
    assert (due, False) == Calendar().add_working_days(start, days)


def test_beyond_the_published_years_the_answer_is_provisional_and_never_a_crash() -> None:
    found = Calendar().add_working_days(date(2026, 12, 25), 7)

    assert (date(2027, 1, 5), True) == found


def test_an_override_beats_everything_and_is_not_provisional() -> None:
    days = {date(2027, 1, d): d not in {1, 2, 3} for d in range(1, 8)}
    corrected = Calendar(days | {date(2026, 12, 28): False})

    assert (date(2027, 1, 7), False) == corrected.add_working_days(date(2026, 12, 25), 7)


def test_a_natural_day_limit_moves_from_a_rest_day_to_the_next_working_day() -> None:
    assert (date(2026, 2, 24), False) == Calendar().add_natural_days(date(2026, 2, 5), 15)
    assert (date(2026, 11, 6), False) == Calendar().add_natural_days(date(2026, 11, 3), 3)


async def test_a_stored_override_is_what_the_next_question_hears(database) -> None:
    await calendar.override(date(2026, 11, 4), works=False, source="fictitious notice", now=utc_now())
    await calendar.override(date(2026, 11, 4), works=False, source="fictitious notice, corrected", now=utc_now())

    assert (date(2026, 11, 6), False) == (await calendar.load()).add_working_days(date(2026, 11, 3), 2)
