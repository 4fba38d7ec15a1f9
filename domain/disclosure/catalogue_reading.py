"""Looking up rows of one dataset while another is imported."""

from typing import Any

from domain.disclosure import reading
from domain.disclosure.dataset import Dataset
from domain.kernel import clock


async def known_rows(dataset: Dataset, *, by: str) -> dict[str, dict[str, Any]]:
    """The public rows shown today by one of their fields."""
    rows = await reading.current(dataset, today=clock.local_day(clock.utc_now()))
    return {str(row[by]): row for row in rows}
