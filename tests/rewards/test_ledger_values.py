"""Keys, lives and rounding of the ledger that need no database."""

from datetime import UTC, date, datetime

import pytest

from rewards import ledger


@pytest.mark.parametrize(
    ("at", "last_day"),
    [
        (datetime(2026, 11, 30, 16, 30, tzinfo=UTC), date(2028, 12, 31)),  # already December in the district
        (datetime(2026, 11, 30, 15, 30, tzinfo=UTC), date(2028, 11, 30)),
        (datetime(2026, 12, 5, tzinfo=UTC), date(2028, 12, 31)),
    ],
)
def test_points_are_good_until_the_end_of_the_local_month_two_years_later(at, last_day):
    assert ledger.good_until(at) == last_day
