"""Publication clocks: amber and red once each, settled by publishing."""

import json
from datetime import UTC, date, datetime

import pytest

from api.wiring import SUBSCRIBERS
from domain.disclosure import dues
from domain.disclosure.catalogue import DATASETS
from domain.disclosure.dues import light_for
from domain.kernel import database as db
from domain.kernel import handling, outbox
from domain.kernel.events import Ticked
from tests.builders.disclosure import NOW, a_month, a_penalty, a_river, a_section, published


async def tick(day: date) -> list[tuple[str, str]]:
    """One day begins; answers the warnings so far as (subject, light)."""
    at = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    async with db.transaction():
        await dues.watch(Ticked(every="day", at=at), event_id=1, at=at)
    rows = await db.fetch("select payload from outbox_event where name = 'PublicationLate' order by id")
    return [(str(p["subject"]), str(p["light"])) for row in rows if (p := json.loads(row["payload"]))]


@pytest.mark.parametrize(
    ("today", "light"),
    [
        (date(2026, 5, 25), "green"),
        (date(2026, 5, 27), "amber"),
        (date(2026, 5, 29), "amber"),
        (date(2026, 5, 30), "red"),
    ],
)
def test_amber_at_seventy_percent_and_red_after_the_due_day(today: date, light: str) -> None:
    assert light == light_for(started_on=date(2026, 5, 20), due_on=date(2026, 5, 29), today=today)


async def test_a_penalty_is_due_seven_working_days_after_its_decision(database) -> None:
    async with db.transaction():
        await dues.note_rows(DATASETS["penalties"], [a_penalty()])

    (due,) = await dues.open_dues(today=date(2026, 5, 21))

    assert (date(2026, 5, 29), "青河区生态环境分局", False) == (due.due_on, due.unit, due.provisional)


async def test_each_light_warns_once_and_publishing_settles(database) -> None:
    async with db.transaction():
        await dues.note_rows(DATASETS["penalties"], [a_penalty()])

    await tick(date(2026, 5, 27))
    twice = await tick(date(2026, 5, 28))
    red = await tick(date(2026, 6, 1))
    await published("penalties", a_penalty())
    while ids := await outbox.claim(now=NOW):
        await handling.handle(ids, subscribers=SUBSCRIBERS, now=NOW)

    assert [(a_penalty()["decision_number"], "amber")] == twice
    assert [light for _, light in red] == ["amber", "red"]
    assert await dues.open_dues(today=date(2026, 6, 2)) == []


async def test_a_section_without_its_month_is_noted_and_turns_red(database) -> None:
    await published("rivers", a_river())
    await published("sections", a_section(), a_section(code="QH-S-002", name="出口"))
    await published("river-water", a_month(month="2026-05"))

    await tick(date(2026, 6, 2))
    late = await tick(date(2026, 6, 21))

    assert late == [("QH-S-002|2026-05", "red")]
