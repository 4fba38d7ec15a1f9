"""Open311 posts: every location, every fault at once, keys, tokens, retries, and nothing personal echoed."""

from datetime import timedelta

import pytest
from defusedxml import ElementTree

from domain.kernel import clock, database
from domain.reports import publication
from tests.builders.open311 import BASE, a_form, a_key, a_public_report, codes_of, number_of, send


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"lat": None, "long": None, "address_string": "荷塘街道人民路 1 号"},
        {"lat": None, "long": None, "address_id": "330110"},
        {"address_string": "荷塘街道", "address_id": "1"},
    ],
    ids=["pair", "address", "address id", "all"],
)
async def test_6_each_kind_of_location_is_enough(api, place):
    answer = await send(api, a_form(await a_key(), **place))

    assert answer.status_code == 200
    assert (await database.fetch_value("select town from report")) == (
        "hetang" if place.get("address_string") and "lat" in place else "yunxi"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"lat": None},
        {"lat": None, "long": None},
        {"lat": "91"},
        {"lat": "abc"},
        {"lat": "0", "long": "0"},
        {"lat": "120.0261", "long": "30.4412"},
        {"lat": "31.23", "long": "121.47"},
        {"description": "字" * 4_001},
        {"description": "<script>alert(1)</script>"},
        {"description": "a\x07b"},
        {"service_code": "noise.construction"},
        {"service_code": "noise.construction", "attribute[hours]": "noon"},
        {"service_code": "noise.construction", "attribute[hours]": ["day", "night"]},
        {"service_code": "noise.construction", "attribute[hours]": "day", "attribute[since]": "yesterday"},
        {"service_code": "water.outfall", "attribute[colour][]": ["black", "blue"]},
    ],
)
async def test_6_what_breaks_a_rule_is_400_and_stores_nothing(api, changes):
    answer = await send(api, a_form(await a_key(), **changes))

    assert (answer.status_code, set(codes_of(answer))) == (400, {"400"})
    assert await database.fetch_value("select count(*) from report") == 0


@pytest.mark.parametrize("name", ["attribute[colour][]", "attribute[colour]"])
async def test_6_several_answers_come_with_brackets_or_by_repetition(api, name):
    form = a_form(await a_key(), service_code="water.outfall", **{name: ["black", "foam"], "attribute[other]": "x"})

    assert (await send(api, form)).status_code == 200
    assert await database.fetch_value("select attributes->'colour' from open311_request") == '["black", "foam"]'


async def test_6_four_thousand_characters_are_taken(api):
    assert (await send(api, a_form(await a_key(), description="字" * 4_000))).status_code == 200


async def test_7_keys_and_services_are_checked_and_all_faults_told_at_once(api):
    key = await a_key()

    missing, wrong = await send(api, a_form(key, api_key=None)), await send(api, a_form("gwk_wrong"))
    unknown = await send(api, a_form(key, service_code="none"))
    none = await send(api, a_form(key, service_code=None))
    several = await send(api, a_form(key, service_code=None, lat=None, description="<b>x</b>"))
    other = await send(api, a_form(key, jurisdiction_id="chicago.gov"))

    assert [a.status_code for a in (missing, wrong, unknown, none, several, other)] == [403, 403, 404, 400, 400, 404]
    assert len(codes_of(several)) == 3
    xml = ElementTree.fromstring((await send(api, a_form("gwk_wrong"), suffix="xml")).content)
    assert (xml.tag, xml[0].tag, xml[0].findtext("code")) == ("errors", "error", "403")


async def test_8_realtime_answers_with_an_id_and_batch_with_a_token_that_resolves(api):
    key = await a_key()

    realtime = (await send(api, a_form(key))).json()[0]
    batch = (await send(api, a_form(key, service_code="other.other"))).json()[0]

    assert realtime["service_request_id"].startswith("GW-")
    assert "token" not in realtime
    assert "service_request_id" not in batch
    resolved = (await api.get(f"{BASE}/tokens/{batch['token']}.json")).json()[0]
    assert resolved["token"] == batch["token"]
    assert resolved["service_request_id"].startswith("GW-")
    assert (await api.get(f"{BASE}/tokens/unknown.xml")).status_code == 404


async def test_8_a_retry_with_the_same_key_creates_nothing(api):
    form, headers = a_form(await a_key()), {"Idempotency-Key": "retry-0001"}

    first, again = await send(api, form, headers=headers), await send(api, form, headers=headers)

    assert first.json() == again.json()
    assert await database.fetch_value("select count(*) from report") == 1


async def test_8_the_test_endpoint_checks_and_stores_nothing(api):
    key = await a_key()

    assert (await send(api, a_form(key), base="/open311/test/v2")).status_code == 200
    assert (await send(api, a_form(key, lat=None), base="/open311/test/v2")).status_code == 400
    assert await database.fetch_value("select count(*) from report") == 0


async def test_11_nothing_personal_of_a_post_is_ever_echoed(api):
    personal = {
        "email": "zhang.canary@example.com", "phone": "13800138001", "first_name": "金丝雀", "last_name": "张",
        "device_id": "device-canary", "account_id": "account-canary",
    }  # fmt: skip
    key = await a_key()
    form = a_form(key, description="联系 13800138002 或 a.canary@example.com", **personal)
    number = (await send(api, form)).json()[0]["service_request_id"]
    report = await database.fetch_value("select id from report")
    async with database.transaction():
        await publication.publish(report, now=clock.utc_now())

    seen = ""
    for path in (
        f"requests/{number}.json?extensions=true",
        f"requests/{number}.xml",
        "requests.json",
        "requests.xml?extensions=true",
    ):
        seen += (await api.get(f"{BASE}/{path}")).text
    stored = await database.fetch_value("select json_agg(t)::text from open311_request t")

    for value in [*personal.values(), "13800138002", "a.canary"]:
        if value != "张":
            assert value not in seen
            assert value not in stored


async def send_update(api, key, **changes):
    form = {
        "api_key": key,
        "update_id": "U-1",
        "status": "IN_PROGRESS",
        "updated_datetime": "2026-11-22T08:00:00+08:00",
        "description": "已派人查看",
    }
    return await api.post(f"{BASE}/servicerequestupdates.json", data=form | changes)


async def test_14_an_update_is_taken_once_and_moves_no_state(api):
    key, report = await a_key(), await a_public_report()
    number = await number_of(report)

    first = await send_update(api, key, service_request_id=number)
    again = await send_update(api, key, service_request_id=number)
    altered = await send_update(api, key, service_request_id=number, description="别的")
    older = await send_update(
        api, key, service_request_id=number, update_id="U-2", status="CLOSED", updated_datetime="2026-01-01T00:00:00Z"
    )

    assert (first.status_code, again.status_code, altered.status_code, older.status_code) == (200, 200, 409, 200)
    assert first.json() == again.json() == [{"update_id": "U-1", "service_request_id": number}]
    assert await database.fetch_value("select count(*) from open311_update") == 2
    (entry,) = (await api.get(f"{BASE}/requests/{number}.json")).json()
    assert entry["status"] == "open"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"api_key": "gwk_wrong"}, 403),
        ({"service_request_id": "GW-1"}, 404),
        ({"status": "done"}, 400),
        ({"updated_datetime": "2026-11-22"}, 400),
        ({"update_id": ""}, 400),
    ],
)
async def test_14_an_update_that_breaks_a_rule_is_refused(api, changes, status):
    number = await number_of(await a_public_report())

    answer = await send_update(api, await a_key(), **{"service_request_id": number} | changes)

    assert answer.status_code == status


async def test_updates_out_and_the_bulk_file_tell_the_public_steps(api):
    yesterday = clock.utc_now() - timedelta(days=1)
    number = await number_of(await a_public_report(now=yesterday, text="=HYPERLINK(1)"))
    await a_public_report()

    told = (await api.get(f"{BASE}/servicerequestupdates.json")).json()
    bulk = (await api.get(f"{BASE}/bulk/requests.csv")).text.splitlines()

    assert (told[0]["service_request_id"], told[0]["status"]) == (number, "open")
    assert len(bulk) == 2
    assert number in bulk[1]
    assert "'=HYPERLINK" in bulk[1]
