"""The present moment and the district's calendar day.

Rules take time as an argument; only routes, tasks and commands ask this module what time it is.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

DISTRICT_ZONE = ZoneInfo("Asia/Shanghai")  # +08:00, no daylight saving since 1992


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def local_day(at: datetime) -> date:
    """The district's calendar day on which the aware moment `at` falls."""
    return at.astimezone(DISTRICT_ZONE).date()
