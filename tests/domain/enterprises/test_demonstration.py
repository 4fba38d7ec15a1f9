"""The seeded district shows every audience something, with real provenance."""

from datetime import date

import msgspec

from api.wiring import SUBSCRIBERS
from domain.disclosure import demonstration as disclosure
from domain.disclosure import reading
from domain.disclosure.catalogue import DATASETS
from domain.enterprises import demonstration as enterprises
from domain.enterprises import life
from domain.kernel import clock, handling, outbox
from domain.kernel import database as db


async def handled() -> None:
    """Runs the subscribers of everything recorded so far, as the worker does."""
    now = clock.utc_now()
    while ids := await outbox.claim(now=now):
        await handling.handle(ids, subscribers=SUBSCRIBERS, now=now)


async def rows(name: str, **equal) -> list[dict]:
    return await reading.current(DATASETS[name], today=clock.local_day(clock.utc_now()), **equal)


async def test_seeding_twice_changes_nothing_and_shows_rivers_with_a_class(database) -> None:
    now = clock.utc_now()
    await disclosure.seed(now)
    again = await disclosure.seed(now)

    months = await rows("river-water", section="QH-S-02")

    assert again == "disclosure: 0 entries new"
    assert len(months) == 23  # one of the 24 is missing on purpose
    assert {"Ⅱ", "Ⅲ"} >= {row["class_name"] for row in months}
    assert all(row["source"] for row in months)


async def test_the_real_station_readings_keep_their_published_classes(database) -> None:
    await disclosure.seed(clock.utc_now())

    readings = await rows("station-readings")

    assert len(readings) >= 10
    assert {"国家地表水水质自动监测实时数据发布（2025年11月，未审核）"} == {row["source"] for row in readings}


async def test_the_register_shows_a_grade_of_every_colour(database) -> None:
    now = clock.utc_now()
    await enterprises.seed(now)
    await handled()

    register = await rows("enterprise-ratings")

    assert {"green", "blue", "yellow", "red"} == {row["grade"] for row in register}
    assert {"final"} == {row["stage"] for row in register}
    assert "inputs" not in str(register)
    for rating in await db.fetch("select id from enterprise_rating"):
        assert await life.recomputes(rating["id"])
    assert date.fromisoformat(register[0]["decided_on"]) < clock.local_day(now)
    assert msgspec.json.encode(register)
