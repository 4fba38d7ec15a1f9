"""Months: made ahead, pruned by the planner, and never lost when one is missing."""

import re
from datetime import UTC, datetime

import pytest

from domain.kernel import database as db
from domain.kernel.events import Ticked
from rewards import chores, proving
from tests.builders.rewards import a_purse, a_spending, posted

pytestmark = pytest.mark.anyio
FAR = datetime(2041, 5, 5, tzinfo=UTC)


async def months() -> list[str]:
    rows = await db.fetch(
        "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'ledger_transfer'::regclass order by 1"
    )
    return [row["name"] for row in rows]


async def test_a_question_about_a_month_touches_one_partition(database):
    plan = await db.fetch(
        "explain select kind, sum(amount) from ledger_transfer where posted_at >= '2026-12-01Z' and posted_at < '2027-01-01Z' group by 1"
    )

    touched = {name for row in plan for name in re.findall(r"on (ledger_transfer_\w+)", row[0])}

    assert touched == {"ledger_transfer_2026_12"}


async def test_the_chore_makes_the_coming_months_once(database):
    for _ in range(2):
        async with db.transaction():
            await chores.prepare_months(Ticked(every="day", at=FAR), event_id=1, at=FAR)

    assert {"ledger_transfer_2041_05", "ledger_transfer_2041_08"} <= set(await months())


async def test_a_row_outside_every_month_is_kept_and_its_month_stays_where_it_is(database):
    purse = await a_purse(points=10)
    await posted(a_spending(purse), now=FAR)
    await db.execute("select ledger_month('2041-05-01')")

    assert "ledger_transfer_2041_05" not in await months()
    assert await db.fetch_value("select count(*) from ledger_transfer_rest") == 1
    assert await proving.faults() == []
