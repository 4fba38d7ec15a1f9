"""Open311 GeoReport v2 as its clients use it: both formats, every limit, every fault, nothing personal."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from defusedxml import ElementTree
from jsonschema import Draft202012Validator, FormatChecker

from api.open311 import services
from domain.kernel import clock, database
from domain.kernel.errors import Text
from domain.reports import publication, timeline
from tests.builders.open311 import BASE, a_public_report, number_of
from tests.builders.reports import a_report

FIELDS = {
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description",
    "agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime",
    "address", "address_id", "zipcode", "lat", "long", "media_url",
}  # fmt: skip
TEXT_OR_NULL = {"type": ["string", "null"]}
MOMENT_OR_NULL = {"type": ["string", "null"], "format": "date-time"}
REQUESTS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": sorted(FIELDS),
        "properties": {
            "service_request_id": {"type": "string", "minLength": 1},
            "status": {"enum": ["open", "closed"]},
            "service_code": {"type": "string"},
            "service_name": TEXT_OR_NULL,
            "status_notes": TEXT_OR_NULL,
            "description": {"type": ["string", "null"], "maxLength": 4_000},
            "agency_responsible": TEXT_OR_NULL,
            "requested_datetime": {"type": "string", "format": "date-time"},
            "updated_datetime": MOMENT_OR_NULL,
            "expected_datetime": MOMENT_OR_NULL,
            "lat": {"type": ["number", "null"]},
            "long": {"type": ["number", "null"]},
            "media_url": {"type": ["string", "null"], "format": "uri"},
        },
    },
}
SERVICES = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["service_code", "service_name", "description", "metadata", "type", "keywords", "group"],
        "properties": {
            "service_code": {"type": "string"},
            "service_name": {"type": "string"},
            "description": {"type": "string"},
            "metadata": {"type": "boolean"},
            "type": {"enum": ["realtime", "batch", "blackbox"]},
            "keywords": {"type": "string"},
            "group": {"type": "string"},
        },
    },
}


def validate(document: Any, schema: dict[str, Any]) -> None:
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)


async def test_1_discovery_is_equal_in_both_formats_and_names_two_endpoints(api):
    as_json = (await api.get(f"{BASE}/discovery.json")).json()
    xml = ElementTree.fromstring((await api.get("/open311/discovery.xml")).content)

    assert [e["type"] for e in as_json["endpoints"]] == ["production", "test"]
    assert all(e["formats"] == ["text/xml", "application/json"] for e in as_json["endpoints"])
    assert [e.findtext("url") for e in xml.find("endpoints")] == [e["url"] for e in as_json["endpoints"]]
    for name in ("changeset", "contact", "key_service"):
        assert xml.findtext(name) == as_json[name]
    assert datetime.fromisoformat(as_json["changeset"]) < datetime.now(UTC)


def test_1_the_changeset_moves_when_a_service_changes():
    assert services.fingerprint() == services.FINGERPRINT, "services changed: move CHANGED on and set FINGERPRINT"


@pytest.mark.parametrize("path", ["discovery", "services", "services/water.outfall", "requests"])
@pytest.mark.parametrize(
    ("suffix", "media_type"), [("xml", "text/xml; charset=utf-8"), ("json", "application/json; charset=utf-8")]
)
async def test_2_every_resource_comes_in_both_formats_with_its_content_type(api, path, suffix, media_type):
    answer = await api.get(f"{BASE}/{path}.{suffix}")

    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)


@pytest.mark.parametrize(
    "path", ["services.txt", "services", "requests.csv", "services/water.outfall", "nothing.json", "requests/GW-1"]
)
async def test_2_another_suffix_or_resource_is_404_with_a_body(api, path):
    answer = await api.get(f"{BASE}/{path}")

    assert answer.status_code == 404
    assert b"404" in answer.content


async def test_3_chinese_text_and_markup_survive_xml(api):
    await a_public_report(text="黑水 & <油> 🐟\n第二行")

    content = (await api.get(f"{BASE}/requests.xml")).content
    xml = ElementTree.fromstring(content)

    assert content.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    assert xml.tag == "service_requests"
    assert xml[0].tag == "request"
    assert xml[0].findtext("description") == "黑水 & <油> 🐟\n第二行"
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", content)


async def test_4_services_say_their_type_and_whether_they_have_questions(api):
    listed = (await api.get(f"{BASE}/services.json")).json()
    validate(listed, SERVICES)

    for service in listed:
        definition = (await api.get(f"{BASE}/services/{service['service_code']}.json")).json()
        assert bool(definition["attributes"]) == service["metadata"]


async def test_5_questions_are_ordered_uniquely_and_only_lists_have_values(api):
    for code in services.QUESTIONS:
        attributes = (await api.get(f"{BASE}/services/{code}.json")).json()["attributes"]
        assert [a["order"] for a in attributes] == list(range(1, len(attributes) + 1))
        for attribute in attributes:
            assert ("values" in attribute) == attribute["datatype"].endswith("list")
    assert (await api.get(f"{BASE}/services/none.json")).status_code == 404


async def test_9_the_default_is_the_latest_ninety_days_newest_first(api):
    now = clock.utc_now()
    ages = [timedelta(days=91), timedelta(days=89), timedelta(0)]
    numbers = [await number_of(await a_public_report(now=now - age)) for age in ages]

    listed = (await api.get(f"{BASE}/requests.json")).json()

    assert [entry["service_request_id"] for entry in listed] == [numbers[2], numbers[1]]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("start_date=2026-01-01T00:00:00Z&end_date=2026-04-01T00:00:00Z", 200),
        ("start_date=2026-01-01T00:00:00Z&end_date=2026-04-02T00:00:00Z", 400),
        ("start_date=2026-01-01T00:00:00%2B08:00", 200),
        ("end_date=2026-01-01T00:00:00Z", 200),
        ("start_date=2026-01-01", 400),
        ("start_date=2026-13-01T00:00:00Z", 400),
        ("start_date=yesterday", 400),
        ("start_date=2026-01-01T00:00:00", 400),
        ("status=fixed", 400),
        ("status=open,%20closed", 200),
        ("status=&start_date=&service_code=&jurisdiction_id=", 200),
        ("jurisdiction_id=qinghe", 200),
        ("jurisdiction_id=other", 404),
        ("page_size=1001", 400),
        ("bbox=1,2,3", 400),
    ],
)
async def test_9_dates_states_and_jurisdictions_are_read_strictly_and_empty_equals_absent(api, query, status):
    assert (await api.get(f"{BASE}/requests.json?{query}")).status_code == status


async def test_9_comma_lists_filter_and_the_id_list_overrides_everything(api):
    a = await number_of(await a_public_report(category="water.black"))
    b = await number_of(await a_public_report(category="dust.site"))
    await a_public_report(category="air.straw")

    async def found(**query):
        listed = (await api.get(f"{BASE}/requests.json?{urlencode(query)}")).json()
        return {entry["service_request_id"] for entry in listed}

    assert await found(service_code="water.black, dust.site") == {a, b}
    assert await found(service_code="unknown") == set()
    assert await found(status="closed") == set()
    assert await found(
        service_request_id=f"{a}, {b},GW-unknown", status="closed", start_date="2000-01-01T00:00:00Z"
    ) == {a, b}
    assert await found(bbox="120,30.4,120.1,30.5", page_size="2", page="2") != set()


async def test_9_at_most_a_thousand_rows_are_returned(api):
    now = clock.utc_now()
    template = await a_public_report(now=now)
    for statement in (
        (
            "insert into report select * from jsonb_populate_recordset(null::report, (select jsonb_agg(to_jsonb(r) ||"
            " jsonb_build_object('id', gen_random_uuid(), 'number', 'GW-' || n)) from report r, generate_series(1, 1000) n"
            " where r.id = $1))"
        ),
        (
            "insert into public_report select * from jsonb_populate_recordset(null::public_report, (select jsonb_agg("
            "to_jsonb(p) || jsonb_build_object('report', r.id, 'number', r.number)) from public_report p, report r"
            " where p.report = $1 and r.id <> $1))"
        ),
    ):
        await database.execute(statement, template)

    assert len((await api.get(f"{BASE}/requests.json")).json()) == 1_000
    assert len((await api.get(f"{BASE}/requests.json?page_size=600&page=2")).json()) == 401


async def test_10_a_closed_request_says_when_it_was_closed_and_until_when_it_should_have_been(api):
    report, now = await a_public_report(), clock.utc_now().replace(microsecond=0)
    async with database.transaction():
        await publication.expect([report], by=now + timedelta(days=60))
        await timeline.append([report], kind="closed", status="closed", note=Text("办结", "Closed"), at=now)
        await publication.show_photos(report, count=1, at=now + timedelta(hours=5))

    (entry,) = (await api.get(f"{BASE}/requests.json?status=closed")).json()

    assert (entry["status"], entry["status_notes"]) == ("closed", "办结")
    assert datetime.fromisoformat(entry["updated_datetime"]) == now
    assert datetime.fromisoformat(entry["expected_datetime"]) == now + timedelta(days=60)


async def test_12_hidden_and_unpublished_requests_look_like_unknown_ones(api):
    hidden, waiting = await a_public_report(), await a_report()
    await publication.hide(hidden, now=clock.utc_now())

    answers = [
        await api.get(f"{BASE}/requests/{number}.json")
        for number in (await number_of(hidden), await number_of(waiting), "GW-20200101-000001")
    ]

    assert {a.status_code for a in answers} == {404}
    assert len({a.content for a in answers}) == 1
    assert (await api.get(f"{BASE}/requests.json")).json() == []
    assert (await api.get(f"{BASE}/requests.xml")).text.endswith("<service_requests/>")


async def test_13_the_default_answer_has_exactly_the_fields_of_the_standard(api):
    number = await number_of(await a_public_report())

    plain = (await api.get(f"{BASE}/requests/{number}.json")).json()
    extended = (await api.get(f"{BASE}/requests/{number}.json?extensions=true")).json()

    validate(plain, REQUESTS)
    assert set(plain[0]) == FIELDS
    assert set(extended[0]) == FIELDS | {"extended_attributes", "notes"}
    assert [note["type"] for note in extended[0]["notes"]] == ["submitted"]


async def test_updated_after_reads_only_what_changed(api):
    now = clock.utc_now()
    await a_public_report(now=now - timedelta(days=200))
    fresh = await number_of(await a_public_report(now=now))
    since = (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    listed = (await api.get(f"{BASE}/requests.json?updated_after={since}")).json()

    assert [entry["service_request_id"] for entry in listed] == [fresh]


async def test_9_an_id_list_overrides_even_arguments_that_are_wrong(api):
    number = await number_of(await a_public_report())

    answer = await api.get(f"{BASE}/requests.json?service_request_id={number}&status=x&start_date=bad&bbox=1&page=0")

    assert [found["service_request_id"] for found in answer.json()] == [number]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "requests.xml", 405),
        ("DELETE", "services.json", 405),
        ("POST", "services.xml", 405),
        ("GET", "requests", 404),
    ],
)
async def test_errors_of_no_route_have_the_shape_of_the_standard(api, method, path, status):
    answer = await api.request(method, f"{BASE}/{path}")

    assert answer.status_code == status
    if path.endswith(".json"):
        assert [error["code"] for error in answer.json()] == [str(status)]
    else:
        assert f"<errors><error><code>{status}</code>" in answer.text
    assert (status != 405) or answer.headers["allow"]
