"""A resident's reports over HTTP: sending once, reading one's own, and nobody else's."""

import asyncio
import json
from uuid import UUID

import pytest

from domain.kernel import clock, database, handling, outbox
from domain.reports import reporters
from tests.builders.reports import INSIDE, a_body, a_key, a_report, send
from tests.builders.residents import a_resident


async def deliver():
    from api import wiring

    now = clock.utc_now()
    await handling.handle(await outbox.claim(now=now), subscribers=wiring.SUBSCRIBERS, now=now)


async def test_a_report_is_stored_once_with_number_timeline_event_and_audit_row(api):
    resident = await a_resident()

    answer = await send(api, resident)

    assert answer.status_code == 201
    body = answer.json()
    assert body["number"].startswith("GW-")
    assert len(body["number"]) == len("GW-20261121-000137")
    assert body["status"] == "submitted"
    assert body["town"] == "yunxi"
    assert answer.headers["cache-control"] == "no-store"
    counts = await database.fetch_row(
        "select (select count(*) from report) r, (select count(*) from report_timeline) t,"
        " (select count(*) from outbox_event where name = 'ReportSubmitted') o,"
        " (select count(*) from audit_entry where action = 'report.submit') a"
    )
    assert tuple(counts) == (1, 1, 1, 1)


async def test_the_numbers_of_a_day_count_up(api):
    resident = await a_resident()

    numbers = [int((await send(api, resident)).json()["number"][-6:]) for _ in range(3)]

    assert numbers == [1, 2, 3]


async def test_a_repeated_key_gets_the_same_bytes_and_a_marker(api):
    resident, key = await a_resident(), a_key()

    first, again = await send(api, resident, key=key), await send(api, resident, key=key)

    assert first.content == again.content
    assert again.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await database.fetch_value("select count(*) from report") == 1


async def test_a_key_with_another_body_is_422_and_without_a_key_400(api):
    resident, key = await a_resident(), a_key()
    await send(api, resident, key=key)

    assert (await send(api, resident, key=key, text="别的")).status_code == 422
    missing = await api.post("/v1/reports", json=a_body(), headers=resident.headers)
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency-key-missing")


async def test_the_same_key_of_another_resident_is_another_report(api):
    key = a_key()

    first, second = await send(api, await a_resident(), key=key), await send(api, await a_resident(), key=key)

    assert first.json()["id"] != second.json()["id"]


async def test_a_twin_that_is_still_running_is_409_and_nothing_is_stored_twice(api):
    resident, key = await a_resident(), a_key()
    principal = f"reporter:{reporters.owner_tag(resident.account).hex()}"
    async with database.transaction():
        await database.execute("select pg_try_advisory_xact_lock(hashtextextended($1 || '|' || $2, 0))", principal, key)
        twin = await asyncio.create_task(_alone(api, resident, key))

    assert (twin.status_code, twin.json()["code"]) == (409, "idempotency-twin-running")
    assert (await send(api, resident, key=key)).status_code == 201


async def _alone(api, resident, key):
    """A request outside the transaction of the test."""
    database.ENGINE.current_transaction.set(None)
    return await send(api, resident, key=key)


async def test_twenty_simultaneous_requests_with_one_key_make_one_report(api):
    resident, key = await a_resident(), a_key()

    answers = await asyncio.gather(*(send(api, resident, key=key) for _ in range(20)))

    assert {a.status_code for a in answers} <= {201, 409}
    assert len({a.content for a in answers if a.status_code == 201}) == 1
    assert await database.fetch_value("select count(*) from report") == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"text": "字" * 500}, 201, None),
        ({"text": "字" * 501}, 400, "validation-failed"),
        ({"text": "   "}, 400, "invalid-value"),
        ({"category": "water.nothing"}, 400, "category-unknown"),
        ({"place": INSIDE | {"datum": "mars"}}, 400, "validation-failed"),
        ({"place": INSIDE | {"accuracy_m": -1}}, 400, "validation-failed"),
        ({"place": {"lng": 30.44, "lat": 120.02, "datum": "wgs84"}}, 400, "invalid-value"),
        ({"place": {"lng": 0, "lat": 0, "datum": "wgs84"}}, 400, "invalid-value"),
        ({"place": {"lng": 121.47, "lat": 31.23, "datum": "wgs84"}}, 422, "outside-service-area"),
        ({"no_photo_reason": None}, 422, "photo-or-reason-needed"),
        ({"captured_at": "2026-01-01T00:00:00"}, 400, "validation-failed"),
        ({"captured_at": "2036-01-01T00:00:00+08:00"}, 400, "invalid-value"),
        ({"status": "closed"}, 400, "validation-failed"),
        ({"channel": "hotline_12345"}, 400, "validation-failed"),
    ],
)
async def test_a_report_that_breaks_a_limit_is_refused_and_at_the_limit_taken(api, changes, status, code):
    answer = await send(api, await a_resident(), **changes)

    assert answer.status_code == status
    if code:
        assert answer.json()["code"] == code
        assert await database.fetch_value("select count(*) from report") == 0


async def test_a_place_in_gcj02_is_stored_as_sent_and_as_wgs84(api):
    await send(api, await a_resident(), place={"lng": 120.0308, "lat": 30.4389, "datum": "gcj02", "accuracy_m": 12.5})

    row = await database.fetch_row("select sent_lng, sent_lat, datum, lng, lat, accuracy_m from report")

    assert (row["sent_lng"], row["sent_lat"], row["datum"], row["accuracy_m"]) == (120.0308, 30.4389, "gcj02", 12.5)
    assert abs(row["lng"] - 120.0261) < 0.0005
    assert abs(row["lat"] - 30.4412) < 0.0005


async def test_my_list_is_newest_first_in_pages_and_holds_only_mine(api):
    resident = await a_resident()
    mine = [(await send(api, resident)).json()["id"] for _ in range(3)]
    await send(api, await a_resident())

    first = (await api.get("/v1/reports?limit=2", headers=resident.headers)).json()
    rest = (await api.get(f"/v1/reports?limit=2&cursor={first['next']}", headers=resident.headers)).json()

    assert [item["id"] for item in first["items"] + rest["items"]] == mine[::-1]
    assert "next" not in rest or rest["next"] is None


async def test_v8_2_2_another_residents_report_looks_like_one_that_does_not_exist(api):
    foreign, resident = await a_report(), await a_resident()

    theirs = await api.get(f"/v1/reports/{foreign}", headers=resident.headers)
    nobodys = await api.get("/v1/reports/01a200a9-9c8b-76e4-906a-121cee5a2182", headers=resident.headers)

    def shape(answer):
        return {k: v for k, v in answer.json().items() if k not in {"instance", "request_id"}}

    assert theirs.status_code == nobodys.status_code == 404
    assert shape(theirs) == shape(nobodys)


async def test_the_report_row_names_no_account_and_only_the_key_ties_them(api):
    resident = await a_resident()
    report_id = (await send(api, resident)).json()["id"]

    for table in ("report", "report_timeline", "outbox_event", "audit_entry", "sealed_reporter", "idempotency_record"):
        rows = await database.fetch_value(f"select coalesce(json_agg(t)::text, '') from {table} t")
        assert str(resident.account) not in rows
        assert resident.account.hex not in rows
    assert await reporters.account_of(UUID(report_id), why="test", at=clock.utc_now()) == resident.account


async def test_a_published_report_holds_no_personal_value_and_a_harmless_place_exactly(api):
    await send(api, await a_resident(), text="黑水直排，请联系13800138000，我叫张小明")
    await deliver()

    page = (await api.get("/v1/public/reports")).json()

    (item,) = page["items"]
    assert "13800138000" not in json.dumps(page, ensure_ascii=False)
    assert "黑水直排" in item["text"]
    assert (item["lng"], item["lat"], item["exact"]) == (120.0261, 30.4412, True)


async def test_a_sensitive_report_is_shown_at_the_centre_of_its_cell(api):
    await send(api, await a_resident(), category="noise.social")
    await deliver()

    (item,) = (await api.get("/v1/public/reports")).json()["items"]

    assert (item["lng"], item["lat"], item["exact"]) == (120.0265, 30.4415, False)


async def test_nothing_is_public_before_it_is_published(api):
    report = (await send(api, await a_resident())).json()["id"]

    assert (await api.get("/v1/public/reports")).json()["items"] == []
    assert (await api.get(f"/v1/public/reports/{report}")).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("bbox=120.02,30.44,120.03,30.45", 1),
        ("bbox=119.9,30.2,120.3,30.6", 1),
        ("bbox=120.03,30.44,120.04,30.45", 0),
        ("near=120.027,30.441&radius_m=500", 1),
        ("near=120.1,30.441&radius_m=500", 0),
        ("category=water", 1),
        ("category=water.outfall&status=open", 1),
        ("category=noise", 0),
        ("status=closed", 0),
        ("since=2026-01-01T00:00:00Z", 1),
        ("until=2026-01-01T00:00:00Z", 0),
    ],
)
async def test_the_public_list_is_filtered_by_place_category_state_and_time(api, query, found):
    await send(api, await a_resident())
    await deliver()

    assert len((await api.get(f"/v1/public/reports?{query}")).json()["items"]) == found


@pytest.mark.parametrize(
    "query",
    [
        "bbox=1,2,3",
        "bbox=a,b,c,d",
        "bbox=121,30,120,31",
        "near=1",
        "status=open%27--",
        "limit=101",
        "bbox=120,30,121,31&near=120,30",
    ],
)
async def test_an_unreadable_filter_is_400(api, query):
    assert (await api.get(f"/v1/public/reports?{query}")).status_code == 400
