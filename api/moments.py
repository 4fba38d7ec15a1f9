"""Moments and days from outside, within bounds that every calculation here can bear."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from domain.kernel.errors import Invalid, Text

YEAR_MIN, YEAR_MAX = 2000, 2200
Moment = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with an offset")]


def check_years(**given: date | datetime | None) -> None:
    """Raises `Invalid` for the first field whose year is outside `YEAR_MIN` to `YEAR_MAX`."""
    for field, value in given.items():
        if value is not None and not YEAR_MIN <= value.year <= YEAR_MAX:
            raise Invalid(Text("日期超出范围", f"years run from {YEAR_MIN} to {YEAR_MAX}"), field=field)
