"""Gaps after an outage are healed by the pull; the daily comparison lists what only one side has."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from api.case_platform import reconcile
from api.parts import Parts, open_parts
from domain.cases import reconciling
from domain.kernel import clock, database
from tests.builders.cases import a_case, an_update, drain, sandbox_platform
from tests.builders.reports import a_report


@pytest.fixture
def platform():
    with sandbox_platform() as running:
        yield running


@pytest.fixture
async def parts(settings, redis, platform) -> AsyncIterator[Parts]:
    async with open_parts(msgspec.structs.replace(settings, case_platform_url=platform.url)) as opened:
        yield opened


async def handed_over(parts, platform) -> str:
    await a_report()
    await drain(parts)
    return (await platform.call("state"))["cases"][0]["case_id"]


async def test_lost_updates_are_pulled_in_order_and_only_once(parts, platform) -> None:
    case_id = await handed_over(parts, platform)
    for stage in ("signed", "dispatched", "inspected"):
        await platform.call("step", case_id=case_id, stage=stage, lost=True)
    first = await reconcile.pull(parts, now=clock.utc_now())
    again = await reconcile.pull(parts, now=clock.utc_now())

    assert (first.healed, again.healed) == (3, 0)
    assert await database.fetch_value("select stage from case_file") == "inspected"
    assert [run.healed for run in await reconciling.latest_runs()] == [3]


async def test_the_daily_comparison_heals_and_lists_the_differences(parts, platform) -> None:
    case_id = await handed_over(parts, platform)
    await platform.call("step", case_id=case_id, stage="signed", lost=True)
    strange = await a_case()
    async with database.transaction():
        from domain.cases.progress import apply

        await apply([an_update(case_id, 2, "dispatched", update_id="only-here")], now=clock.utc_now())
    found = await reconcile.compare(parts, now=clock.utc_now())

    assert found.healed == 1
    assert {(str(d["case"]), d["why"]) for d in found.differences} == {
        (case_id, "only here"),
        (str(strange), "the platform does not know the round"),
    }
    assert [run.kind for run in await reconciling.latest_runs()] == ["full"]


async def test_a_platform_that_is_away_changes_nothing(parts, platform) -> None:
    away = msgspec.structs.replace(
        parts, settings=msgspec.structs.replace(parts.settings, case_platform_url="http://127.0.0.1:9")
    )
    with pytest.raises(reconcile.NoAnswer):
        await reconcile.pull(away, now=clock.utc_now())

    assert await reconciling.latest_runs() == []
