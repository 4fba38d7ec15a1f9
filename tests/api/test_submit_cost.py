"""A report costs the database one statement and one commit; a session nobody has asked about adds its questions."""

import asyncio
from typing import Any

import httpx
import pytest

from api.actors import SESSIONS
from api.bench.scenarios.submit import DRAFT
from domain.kernel import database
from notifications.stream import HORIZON
from tests.builders.residents import Resident, a_resident

NEXT_TRANSACTION = "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
STATEMENTS_MAX = 3


@pytest.fixture
async def asked(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement sent to the database from now on, but those of the hub that looks for news by itself."""
    statements: list[str] = []
    pool = database.ENGINE.pool
    connect = pool._connect

    def note(record: Any) -> None:
        if record.query != HORIZON:
            statements.append(record.query)

    async def connected() -> Any:
        connection = await connect()
        connection.add_query_logger(note)
        return connection

    monkeypatch.setattr(pool, "_connect", connected)
    lent = [await pool.lend(timeout_s=5) for _ in range(pool._open)]  # all that were opened before
    for connection in lent:
        connection.add_query_logger(note)
        pool.give_back(connection)
    return statements


async def heard(asked: list[str], *, forget: bool = False) -> list[str]:
    """What was asked; asyncpg tells with the loop's next turn."""
    await asyncio.sleep(0)
    told = [*asked]
    if forget:
        asked.clear()
    return told


async def submit(api: httpx.AsyncClient, resident: Resident, key: str, **changes: Any) -> httpx.Response:
    return await api.post("/v1/reports", json=DRAFT | changes, headers=resident.headers | {"Idempotency-Key": key})


async def test_a_report_is_one_statement_and_one_commit(api: httpx.AsyncClient, asked: list[str]) -> None:
    resident = await a_resident()
    assert (await submit(api, resident, "cost-warm-up")).status_code == 201
    before = await database.fetch_value(NEXT_TRANSACTION)
    await heard(asked, forget=True)

    answer = await submit(api, resident, "cost-measured")

    assert answer.status_code == 201
    assert [statement.split("(")[0] for statement in await heard(asked)] == ["select outcome, body from report_submit"]
    assert await database.fetch_value(NEXT_TRANSACTION) - before == 1
    assert await database.fetch_value("select count(*) from report") == 2
    assert await database.fetch_value("select count(*) from outbox_event where name = 'ReportSubmitted'") == 2
    assert await database.fetch_value("select count(*) from audit_entry where action = 'report.submit'") == 2


async def test_an_unknown_session_adds_questions_within_the_limit(api: httpx.AsyncClient, asked: list[str]) -> None:
    resident = await a_resident()
    SESSIONS._known.clear()
    await heard(asked, forget=True)

    assert (await submit(api, resident, "cost-first")).status_code == 201

    told = await heard(asked)
    assert 1 < len(told) <= STATEMENTS_MAX, [statement[:60] for statement in told]


async def test_an_anonymous_report_and_a_replay_are_one_statement_too(api: httpx.AsyncClient, asked: list[str]) -> None:
    resident = await a_resident()
    await submit(api, resident, "cost-replayed")
    await heard(asked, forget=True)

    replayed = await submit(api, resident, "cost-replayed")
    anonymous = await submit(api, resident, "cost-anonymous-2f1d9a7c4be84c0b", identity="anonymous")

    assert (replayed.headers["idempotency-replayed"], anonymous.status_code) == ("true", 201)
    assert len(await heard(asked)) == 2
