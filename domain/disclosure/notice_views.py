"""How often a notice was read: a number per day, without any trace of who read it."""

from datetime import date
from uuid import UUID

from domain.disclosure import reading
from domain.disclosure.datasets.notices import NOTICES
from domain.kernel import database
from domain.kernel.ids import new_id

ADD = """
insert into notice_view (id, notice, day, views) values ($1, $2, $3, 1)
on conflict (notice, day) do update set views = notice_view.views + 1
"""


async def count_one(key: str, *, today: date, count_id: UUID | None = None) -> None:
    """Adds one reading today; raises `NotFound` for a notice that is not shown. No address, device or account."""
    await reading.one(NOTICES, key, today=today)
    await database.execute(ADD, count_id or new_id(), key, today)


async def total(key: str) -> int:
    """All readings of a notice so far."""
    views: int = await database.fetch_value(
        "select coalesce(sum(views), 0)::int from notice_view where notice = $1", key
    )
    return views
