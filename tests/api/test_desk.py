"""The officers' desk: reports with their hand-over, dead letters tried again, the published head of the audit trail."""

import httpx
import pytest

from domain.cases import forwarding
from domain.kernel import audit, clock, database, handling, leases
from domain.kernel.outbox import ATTEMPTS_MAX
from domain.kernel.settings import Settings
from domain.reports.events import ReportSubmitted
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.reports import send
from tests.builders.residents import Resident, a_resident


@pytest.fixture
async def clerk(api: httpx.AsyncClient, settings: Settings) -> dict[str, str]:
    await seed_officers(settings)
    return await signed_in(api, CLERK)


async def handed_over(api: httpx.AsyncClient) -> tuple[Resident, str]:
    """A report whose hand-over is queued."""
    resident = await a_resident()
    response = await send(api, resident)
    assert response.status_code == 201, response.text
    ids = [row["id"] for row in await database.fetch("select id from outbox_event where name = 'ReportSubmitted'")]
    subscribers = {ReportSubmitted: (forwarding.queue_forward,)}
    await handling.handle(ids, subscribers=subscribers, now=clock.utc_now())
    return resident, response.json()["id"]


async def bury(note: str) -> str:
    """Every pending job dies."""
    row = await database.fetch_row(
        "update send_job set state = 'dead', outcome = $1, finished_at = now() where state = 'pending' returning id",
        note,
    )
    return str(row["id"])


async def test_a_report_is_on_the_list_with_its_hand_over(api: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    resident, report = await handed_over(api)

    listed = (await api.get("/v1/operator/reports", headers=clerk)).json()["items"]

    assert [(item["id"], item["delivery"], item["stage"]) for item in listed] == [(report, "pending", "accepted")]
    assert str(resident.account) not in str(listed)


async def test_the_list_can_ask_for_what_did_not_arrive(api: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    _, report = await handed_over(api)
    await bury("gave up after 9 attempts: 500")

    dead = (await api.get("/v1/operator/reports", params={"delivery": "dead"}, headers=clerk)).json()["items"]
    done = (await api.get("/v1/operator/reports", params={"delivery": "done"}, headers=clerk)).json()["items"]

    assert [(item["id"], item["delivery_note"]) for item in dead] == [(report, "gave up after 9 attempts: 500")]
    assert done == []


async def test_the_full_view_shows_everything_but_the_reporter_and_is_recorded(
    api: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    resident, report = await handed_over(api)

    shown = await api.get(f"/v1/operator/reports/{report}", headers=clerk)
    again = (await api.get(f"/v1/operator/reports/{report}", headers=clerk)).json()

    body = shown.json()
    assert body["text"] == "排口有黑水流出，有异味"
    assert [job["kind"] for job in body["deliveries"]] == ["forward"]
    assert [entry["kind"] for entry in body["timeline"]] == ["submitted"]
    assert "report.opened" in [row["action"] for row in again["audit"]]
    assert str(resident.account) not in shown.text
    assert shown.headers["cache-control"] == "no-store"


async def test_an_unknown_report_is_not_found(api: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    unknown = "/v1/operator/reports/0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"

    assert (await api.get(unknown, headers=clerk)).status_code == 404


async def test_a_dead_letter_is_tried_again_with_its_old_key(api: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    await handed_over(api)
    job = await bury("410 gone")
    dead = (await api.get("/v1/operator/send-jobs", headers=clerk)).json()["items"]

    revived = await api.post("/v1/operator/send-jobs/revive", json={"job_ids": [job]}, headers=clerk)
    twice = await api.post("/v1/operator/send-jobs/revive", json={"job_ids": [job]}, headers=clerk)

    assert [entry["id"] for entry in dead] == [job]
    assert "payload" not in dead[0]
    assert (revived.json(), twice.json()) == ({"revived": 1}, {"revived": 0})
    assert [str(due) for due in await leases.offer(now=clock.utc_now())] == [job]


async def test_a_dead_event_is_handled_again(api: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    await handed_over(api)
    await database.execute("update outbox_event set done_at = null, attempts = $1, error = 'KeyError'", ATTEMPTS_MAX)
    dead = (await api.get("/v1/operator/dead-events", headers=clerk)).json()

    body = {"event_ids": [event["id"] for event in dead]}
    revived = await api.post("/v1/operator/dead-events/revive", json=body, headers=clerk)

    assert [event["error"] for event in dead] == ["KeyError"] * len(dead)
    assert revived.json() == {"revived": len(dead)}
    assert (await api.get("/v1/operator/dead-events", headers=clerk)).json() == []


async def test_an_auditor_alone_revives_nothing(api: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    await database.execute("update operator set roles = '{auditor}' where login = 'chen'")
    body = {"job_ids": ["0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"]}

    assert (await api.post("/v1/operator/send-jobs/revive", json=body, headers=clerk)).status_code == 403


async def test_the_head_of_the_audit_trail_is_public_and_follows_the_rows(
    api: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    async with database.transaction():
        assert await audit.seal(now=clock.utc_now()) > 0
    await signed_in(api, REVIEWER)
    async with database.transaction():
        await audit.seal(now=clock.utc_now())

    blocks = (await api.get("/v1/public/audit/head")).json()

    assert len(blocks) == 2
    assert blocks[0]["previous"] == blocks[1]["hash"]
    assert await audit.first_broken_block() is None


async def test_metrics_tell_the_state_of_delivery_and_ledger(api: httpx.AsyncClient) -> None:
    await handed_over(api)
    await bury("410")

    text = (await api.get("/metrics")).text

    assert 'green_whistle_send_jobs{kind="forward",state="dead"} 1.0' in text
    assert "green_whistle_database_up 1.0" in text
    assert "green_whistle_ledger" in text


async def test_readiness_tells_each_part(api: httpx.AsyncClient) -> None:
    ready = await api.get("/health/ready")

    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert (ready.json()["database"], ready.json()["redis"]) == ("ok", "ok")
    pool, database.ENGINE.pool = database.ENGINE.pool, None
    try:
        down = await api.get("/health/live")
    finally:
        database.ENGINE.pool = pool
    assert down.status_code == 200
