"""Providers' signed batches, as a metro operator sends them."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from api.case_platform import signing
from api.wiring import SUBSCRIBERS
from domain.kernel import clock, handling
from domain.kernel import database as db
from rewards import partners
from rewards.events import ClaimsReceived
from tests.builders.residents import a_resident
from tests.builders.rewards import pots

pytestmark = pytest.mark.anyio


async def a_provider(code="qinghe-metro", **changes) -> bytes:
    ordinary = {"title": "地铁", "kind": "provider", "operators": ["qinghe-metro"], "behaviours": ["metro", "bus"]}
    async with db.transaction():
        secret = await partners.register(code=code, **ordinary | changes, by="test", now=clock.utc_now())
    return secret.encode()


def an_event(subject, **changes) -> dict:
    end = clock.utc_now() - timedelta(hours=1)
    ordinary = {
        "subject": str(subject),
        "behaviour": "metro",
        "operator": "qinghe-metro",
        "trip_id": uuid4().hex,
        "started_at": (end - timedelta(minutes=30)).isoformat(),
        "ended_at": end.isoformat(),
        "inputs": {"distance_km": "12.4"},
    }
    return ordinary | changes


async def sent(api, key, *events, code="qinghe-metro"):
    body = json.dumps({"events": list(events)}).encode()
    headers = signing.headers(message_id=uuid4().hex, at=clock.utc_now(), body=body, keys=(key,))
    return await api.post(
        f"/v1/partners/{code}/events", content=body, headers=headers | {"Content-Type": "application/json"}
    )


async def worked() -> None:
    """Handles what was received, as the worker would."""
    ids = [
        row["id"]
        for row in await db.fetch("select id from outbox_event where done_at is null and name = 'ClaimsReceived'")
    ]
    await handling.handle(ids, subscribers={ClaimsReceived: SUBSCRIBERS[ClaimsReceived]}, now=clock.utc_now())
    assert (
        await db.fetch_value("select count(*) from outbox_event where name = 'ClaimsReceived' and done_at is null") == 0
    )


async def linked(api):
    who = await a_resident()
    answer = await api.post("/v1/points/partners/qinghe-metro", headers=who.headers)
    return who, answer.json()["subject"]


async def test_a_linked_residents_trip_earns_once_however_often_it_is_sent(api):
    key = await a_provider()
    who, subject = await linked(api)
    trip = an_event(subject)

    first = (await sent(api, key, trip)).json()["results"][0]
    again = (await sent(api, key, trip, trip)).json()["results"]
    await worked()

    assert (first["outcome"], [r["outcome"] for r in again]) == ("accepted", ["known", "known"])
    assert {r["claim"] for r in again} == {first["claim"]}
    assert await pots(who.account) == {"points": 57, "carbon": 579_080, "minutes": 0}
    listed = (await api.get("/v1/claims", headers=who.headers)).json()["items"][0]
    assert (listed["state"], listed["title_zh"], listed["milligrams"]) == ("awarded", "乘坐地铁", 579_080)


async def test_each_refused_event_says_why_and_the_others_are_taken(api):
    key = await a_provider()
    _, subject = await linked(api)
    good = an_event(subject)

    told = (
        await sent(
            api,
            key,
            good,
            an_event(uuid4()),
            an_event(subject, behaviour="bike"),
            an_event(subject, operator="other"),
            an_event(subject, ended_at="2031-01-01T00:00:00Z"),
            good | {"inputs": {"distance_km": "99"}},
        )
    ).json()["results"]

    assert [(t["outcome"], t.get("reason")) for t in told] == [
        ("accepted", None),
        ("refused", "unknown-subject"),
        ("refused", "behaviour-not-allowed"),
        ("refused", "operator-not-allowed"),
        ("refused", "bad-times"),
        ("altered", None),
    ]
    assert await db.fetch_value("select count(*) from audit_entry where action = 'claim.altered-replay'") == 1


async def test_the_same_trip_from_two_feeds_is_one_award(api):
    one, other = await a_provider(), await a_provider("city-card", operators=["qinghe-metro"])
    who, subject = await linked(api)
    second = (await api.post("/v1/points/partners/city-card", headers=who.headers)).json()["subject"]
    trip = an_event(subject)

    await sent(api, one, trip)
    told = (await sent(api, other, trip | {"subject": second}, code="city-card")).json()["results"]
    await worked()

    assert told[0]["outcome"] == "known"
    assert (await pots(who.account))["carbon"] == 579_080


async def test_a_thousand_events_are_one_call(api):
    key = await a_provider()
    _, subject = await linked(api)
    end = clock.utc_now() - timedelta(hours=2)
    events = [
        an_event(
            subject,
            ended_at=(end - timedelta(minutes=40 * n)).isoformat(),
            started_at=(end - timedelta(minutes=40 * n + 30)).isoformat(),
        )
        for n in range(1000)
    ]

    answer = await sent(api, key, *events)
    too_many = await sent(api, key, *events, events[0])

    assert [r["outcome"] for r in answer.json()["results"]].count("accepted") == 1000
    assert await db.fetch_value("select count(*) from outbox_event where name = 'ClaimsReceived'") == 10
    assert too_many.status_code == 400


async def test_a_link_that_was_ended_earns_nothing_more(api):
    key = await a_provider()
    who, subject = await linked(api)
    assert (await api.delete("/v1/points/partners/qinghe-metro", headers=who.headers)).status_code == 204

    told = (await sent(api, key, an_event(subject))).json()["results"]

    assert told[0]["reason"] == "unknown-subject"


@pytest.mark.parametrize("key", [b"wrong", b"nobody"])
async def test_only_the_partners_own_key_opens(api, key):
    await a_provider()

    assert (await sent(api, key, an_event(uuid4()))).status_code == 401
    assert (await sent(api, key, an_event(uuid4()), code="unknown")).status_code == 401


async def test_linking_again_gives_the_same_name_and_an_unknown_partner_is_404(api):
    await a_provider()
    who, subject = await linked(api)

    assert (await api.post("/v1/points/partners/qinghe-metro", headers=who.headers)).json()["subject"] == subject
    assert (await api.post("/v1/points/partners/none", headers=who.headers)).status_code == 404
