"""The way back from an Open311 peer: another installation of ours, a real machine that speaks GeoReport v2."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import msgspec
import pytest

from api.case_platform import open311_pull
from api.case_platform.open311_pull import Theirs
from api.embedded.stack import Stack
from api.parts import Parts, open_parts
from domain.cases import views
from domain.cases.reconciling import AtPeer
from domain.cases.stages import Outcome, Stage
from domain.kernel import clock, database
from domain.kernel.ids import new_id
from domain.kernel.settings import Settings
from domain.reports.partners import key_hash
from tests.builders.cases import an_event, drain, post_update
from tests.builders.peer import peer_city
from tests.builders.reports import a_report
from tests.databases import TEMPLATE, Databases

KEY = "gwk_key-of-the-first-city"
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@pytest.fixture
async def peer_database(databases: Databases) -> AsyncIterator[str]:
    name = f"peer_{uuid4().hex[:8]}"
    await databases.run(f"create database {name} template {TEMPLATE}")
    yield databases.address(name)
    await databases.run(f"drop database {name} with (force)")


@pytest.fixture
async def parts(settings: Settings, redis: Any, stack: Stack, peer_database: str) -> AsyncIterator[Parts]:
    connection = await asyncpg.connect(peer_database)
    await connection.execute(
        "insert into partner (id, name, key_hash, channels, scopes, created_at)"
        " values ($1, 'first city', $2, '[\"open311\"]', '[\"open311:write\"]', now())",
        new_id(),
        key_hash(KEY),
    )
    await connection.close()
    with peer_city(database_url=peer_database, redis_url=stack.redis_url) as url:
        chosen = msgspec.structs.replace(
            settings,
            case_platform_url=f"{url}/open311/v2",
            case_platform_driver="open311",
            case_platform_api_key=KEY,
        )
        async with open_parts(chosen) as opened:
            yield opened


async def until(condition: Callable[[], Any]) -> Any:
    """The peer works at its own pace; asks again until it has got there."""
    async with asyncio.timeout(60):
        while not (found := await condition()):  # noqa: ASYNC110 - another process is asked
            await asyncio.sleep(0.05)
    return found


async def pull(parts: Parts, *, closed_too: bool = False) -> None:
    await open311_pull.pull(parts, closed_too=closed_too, now=clock.utc_now())


async def test_what_a_peer_does_comes_back_as_progress_result_and_reopening(parts: Parts, peer_database: str) -> None:
    report = await a_report(category="noise.social", text="夜间施工噪声")
    await drain(parts)
    number = await database.fetch_value("select platform_case from case_round")
    peer = await asyncpg.connect(peer_database)
    base = parts.settings.case_platform_url.removesuffix("/open311/v2")
    async with httpx.AsyncClient(base_url=base, trust_env=False) as city:

        async def shown() -> Any:
            return (await city.get(f"/open311/v2/requests/{number}.json")).is_success

        await until(shown)
        await pull(parts)
        assert (await views.of_report(report, now=clock.utc_now())).stage == "accepted"

        case_id = await peer.fetchval('select "case" from case_report')
        for sequence, stage in enumerate(("signed", "dispatched", "inspected"), start=1):
            answer = await post_update(city, an_event(case_id, sequence, stage))
            assert answer.is_success, answer.text
        await pull(parts)
        await pull(parts)  # asking twice tells nothing twice
        told = await database.fetch("select kind, public_text from case_update order by sequence")
        assert [tuple(row) for row in told] == [("note", "已提交"), ("note", "现场检查")]

        assert (await post_update(city, an_event(case_id, 4, "closed"))).is_success
        await pull(parts)
        await drain(parts)
        closed = await views.of_report(report, now=clock.utc_now())
        assert (closed.stage, closed.outcome, closed.closed) == (Stage.CLOSED, Outcome.ANSWERED, True)

        reopened = an_event(case_id, 5, "reopened", actor_class="supervisor", public_text="复查未通过")
        assert (await post_update(city, reopened)).is_success
        await pull(parts)  # closed rounds are asked for once a day only
        assert (await views.of_report(report, now=clock.utc_now())).closed
        await pull(parts, closed_too=True)
        again = await views.of_report(report, now=clock.utc_now())
        assert (again.stage, again.closed) == (Stage.REOPENED, False)
    await peer.close()


async def test_a_request_the_peer_first_named_by_a_token_is_followed_under_its_id(
    parts: Parts, peer_database: str
) -> None:
    await a_report(category="other.other")  # a service of type batch there
    await drain(parts)
    assert (await database.fetch_value("select platform_case from case_round")).startswith("token:")

    await pull(parts)

    peer = await asyncpg.connect(peer_database)
    number = await peer.fetchval("select number from report")
    await peer.close()
    assert await database.fetch_value("select platform_case from case_round") == number


async def test_a_peer_that_is_away_changes_nothing(parts: Parts) -> None:
    await a_report()
    await drain(parts)
    away = msgspec.structs.replace(
        parts, settings=msgspec.structs.replace(parts.settings, case_platform_url="http://127.0.0.1:9/open311/v2")
    )

    with pytest.raises(open311_pull.NoAnswer):
        await pull(away)
    assert await database.fetch_value("select count(*) from case_update") == 0


def known(**changes: Any) -> AtPeer:
    ordinary = {
        "case_id": new_id(), "round": 1, "platform_case": "C-1", "closed": False, "sequence": 20, "seen": None,
    }  # fmt: skip
    return AtPeer(**ordinary | changes)


def theirs(status: str = "open", notes: str | None = None, at: datetime | None = NOW) -> Theirs:
    return Theirs("C-1", status, notes, at)


@pytest.mark.parametrize(
    ("row", "before", "stage"),
    [
        (theirs(), known(), None),
        (theirs(notes="在办"), known(), "note"),
        (theirs(notes="在办"), known(seen={"status": "open", "notes": "在办"}), None),
        (theirs("closed"), known(), Stage.CLOSED),
        (theirs("CLOSED", "已处理"), known(), Stage.CLOSED),
        (theirs("open"), known(closed=True, seen={"status": "closed", "notes": None}), Stage.REOPENED),
        (theirs("in_progress"), known(), None),
    ],
)
def test_only_what_changed_becomes_an_update(row: Theirs, before: AtPeer, stage: str | None) -> None:
    update = open311_pull.update_of(row, before, now=NOW + timedelta(hours=1))

    assert (update and (update.stage or update.kind)) == stage
    if update is not None:
        assert update.sequence == 40
        assert open311_pull.update_of(row, before, now=NOW + timedelta(hours=2)) == update


def test_a_time_in_the_future_and_a_phone_number_of_a_peer_are_not_taken_over() -> None:
    row = theirs("closed", "请联系13800138000", NOW + timedelta(days=9))
    update = open311_pull.update_of(row, known(), now=NOW)

    assert update is not None
    assert update.happened_at == NOW
    assert "13800138000" not in (update.public_text or "")
