"""Words for many, with a second officer; and what an officer sees of what people were told."""

from typing import Any

import httpx
import pytest

from domain.kernel import clock
from domain.kernel import database as kernel_database
from domain.kernel.errors import Text
from domain.kernel.geo import Point
from domain.kernel.settings import Settings
from notifications import broadcasts, follows, recipients
from notifications.areas import cell_key, cells_within
from notifications.tables import NoticeDelivery
from tests.builders.notifications import a_case, happened
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.reports import a_report
from tests.builders.residents import Resident, a_resident
from tests.notifications.test_announcing import closed

HERE = {"lng": 120.0261, "lat": 30.4412}


def words(**changes: Any) -> dict[str, Any]:
    ordinary = {
        "audience": "district",
        "headline_zh": "重污染天气红色预警",
        "headline_en": "Red alert",
        "message_zh": "请减少户外活动。",
        "message_en": "Stay indoors.",
        "reason": "市局通知",
    }
    return ordinary | changes


async def sent(api: httpx.AsyncClient, settings: Settings, **changes: Any) -> int | None:
    """Asked by one officer, approved by the other, sent by the first."""
    await seed_officers(settings)
    clerk, reviewer = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    asked = await api.post("/v1/operator/broadcasts", json=words(**changes), headers=clerk)
    assert asked.status_code == 201, asked.text
    approval = asked.json()["approval_id"]
    early = await api.post(f"/v1/operator/broadcasts/{approval}/send", headers=clerk)
    assert early.status_code == 403 or early.json()["type"].endswith("approval-needed")
    decision = {"approve": True, "note": "核对无误"}
    decided = await api.post(f"/v1/operator/approvals/{approval}/decision", json=decision, headers=reviewer)
    assert decided.is_success, decided.text
    answer = await api.post(f"/v1/operator/broadcasts/{approval}/send", headers=clerk)
    assert answer.status_code == 201, answer.text
    told: int | None = answer.json()["announcement"]
    return told


async def titles(api: httpx.AsyncClient, resident: Resident) -> list[str]:
    page = await api.get("/v1/inbox", headers=resident.headers)
    return [message["title"] for message in page.json()["messages"]]


async def test_the_district_is_told_after_a_second_officer_agreed(api: httpx.AsyncClient, settings: Settings) -> None:
    me = await a_resident()

    assert await sent(api, settings) is not None

    assert await titles(api, me) == ["重污染天气红色预警"]


async def test_an_alert_reaches_those_near_the_place_and_nobody_else(
    api: httpx.AsyncClient, settings: Settings
) -> None:
    near, far, late = await a_resident(), await a_resident(), await a_resident()
    place = HERE | {"datum": "wgs84"}
    assert (await api.put("/v1/inbox/areas/places", json=place, headers=near.headers)).status_code == 204
    elsewhere = place | {"lat": 30.6}
    assert (await api.put("/v1/inbox/areas/places", json=elsewhere, headers=far.headers)).status_code == 204

    await sent(api, settings, audience="area", area=HERE | {"radius_m": 1500}, urgent=True)
    await api.put("/v1/inbox/areas/places", json=place, headers=late.headers)

    assert [await titles(api, p) for p in (near, far, late)] == [["重污染天气红色预警"], [], []]
    (mine,) = (await api.get("/v1/inbox/areas", headers=near.headers)).json()
    assert mine["audience"] == "cell:12002:3044"  # the square kilometre, not the place


async def test_a_town_hears_its_notices_until_it_is_unfollowed(api: httpx.AsyncClient, settings: Settings) -> None:
    me = await a_resident()
    assert (await api.put("/v1/inbox/areas/towns/yunxi", headers=me.headers)).status_code == 204
    assert (await api.put("/v1/inbox/areas/towns/atlantis", headers=me.headers)).status_code == 404

    await sent(api, settings, audience="town", town="yunxi")
    assert len(await titles(api, me)) == 1

    assert (await api.delete("/v1/inbox/areas/towns/yunxi", headers=me.headers)).status_code == 204
    assert (await api.get("/v1/inbox/areas", headers=me.headers)).json() == []


@pytest.mark.parametrize("wrong", [{"audience": "town"}, {"audience": "area"}, {"audience": "town", "town": "x"}])
async def test_words_for_nobody_are_refused(api: httpx.AsyncClient, settings: Settings, wrong: dict[str, Any]) -> None:
    await seed_officers(settings)
    clerk = await signed_in(api, CLERK)

    assert (await api.post("/v1/operator/broadcasts", json=words(**wrong), headers=clerk)).status_code == 400


async def test_an_officer_sees_what_was_sent_about_a_case_and_replays_the_dead(
    api: httpx.AsyncClient, settings: Settings
) -> None:
    me = await a_resident()
    report = await a_report(sender=me.account)
    case = await a_case(report)
    await happened(closed(case))
    await seed_officers(settings)
    clerk = await signed_in(api, CLERK)

    seen = await api.get(f"/v1/operator/cases/{case}/notices", params={"report_id": str(report)}, headers=clerk)

    assert [(a["channel"], a["state"]) for a in seen.json()] == [("inbox", "sent")]
    assert str(me.account) not in seen.text
    await NoticeDelivery.update({"state": "dead"}, force=True)
    assert (await api.get("/v1/operator/notices/dead", headers=clerk)).status_code == 200
    body = {"delivery_ids": [str(case)]}
    assert (await api.post("/v1/operator/notices/dead/replay", json=body, headers=clerk)).json() == {"replayed": 0}
    assert (await api.get(f"/v1/operator/cases/{case}/notices", headers=me.headers)).status_code == 401


async def test_materialising_reaches_everybody_once(database: None) -> None:
    people = [await a_resident() for _ in range(5)]
    async with kernel_database.transaction():
        for person in people:
            await follows.follow(person.account, "town:yunxi", now=clock.utc_now())
        told = await broadcasts.announce(
            broadcasts.Broadcast(
                audience="town",
                reach=("town:yunxi",),
                headline=Text("公告", "Notice"),
                message=Text("内容", "Text"),
                urgent=False,
            ),
            subject="broadcast:town:yunxi",
            at=clock.utc_now(),
        )
    assert told is not None

    for _ in range(2):
        await broadcasts.materialise(told)

    rows = await kernel_database.fetch("select owner from inbox_message")
    assert sorted(row["owner"] for row in rows) == sorted(recipients.tag_of(p.account) for p in people)


def test_cells_around_a_place_cover_its_radius() -> None:
    place = Point(120.0261, 30.4412)
    cells = cells_within(place, radius_m=3_000)

    assert cell_key(place) in cells
    for dlng, dlat in ((0.031, 0), (-0.031, 0), (0, 0.0269), (0, -0.0269), (0.02, 0.02)):
        assert cell_key(Point(place.lng + dlng, place.lat + dlat)) in cells
