"""The public map: GeoJSON, counts per cell with k, one report with its photographs."""

import random
from datetime import datetime, timedelta

from domain.kernel import clock, database
from domain.kernel.errors import Text
from domain.reports import public_map, publication, timeline
from domain.reports.drafts import Place
from tests.builders.reports import a_report


async def shown(**changes):
    report = await a_report(**changes)
    async with database.transaction():
        await publication.publish(report, now=clock.utc_now())
    return report


async def test_the_map_is_read_as_geojson_points_in_wgs84(api):
    report = await shown()

    answer = await api.get("/v1/public/reports/geojson?bbox=120,30.4,120.1,30.5")

    assert answer.headers["content-type"].startswith("application/geo+json")
    document = answer.json()
    (feature,) = document["features"]
    assert (document["type"], feature["type"], feature["id"]) == ("FeatureCollection", "Feature", str(report))
    assert feature["geometry"] == {"type": "Point", "coordinates": [120.0261, 30.4412]}


async def test_a_cell_counts_sensitive_reports_only_from_five_on(api):
    for _ in range(4):
        await shown(category="noise.social")
    harmless = (await api.get("/v1/public/reports/clusters?zoom=13")).json()
    await shown(category="noise.social")
    five = (await api.get("/v1/public/reports/clusters?zoom=13")).json()
    await shown(category="water.outfall")
    six = (await api.get("/v1/public/reports/clusters?zoom=13&bbox=120,30.4,120.1,30.5")).json()

    assert harmless == []
    assert [(cell["reports"], cell["open"]) for cell in five] == [(5, 5)]
    assert [(cell["reports"], cell["size"]) for cell in six] == [(6, 0.01)]


async def test_a_hidden_report_is_in_no_public_answer(api):
    report = await shown()
    async with database.transaction():
        await publication.set_hidden(report, hidden=True, by="operator:x", reason="隐私", now=clock.utc_now())

    assert (await api.get(f"/v1/public/reports/{report}")).status_code == 404
    assert (await api.get("/v1/public/reports/geojson")).json()["features"] == []
    assert (await api.get("/v1/public/reports/clusters")).json() == []

    async with database.transaction():
        await publication.set_hidden(report, hidden=False, by="operator:x", reason="已处理", now=clock.utc_now())
    assert (await api.get(f"/v1/public/reports/{report}")).json()["photographs"] == []


async def test_a_place_known_only_roughly_is_not_shown_as_a_point(api):
    from domain.reports.drafts import Place

    await shown(place=Place(lng=120.0261, lat=30.4412, datum="wgs84", accuracy_m=500))

    (item,) = (await api.get("/v1/public/reports")).json()["items"]

    assert item["exact"] is False


async def test_the_list_and_the_single_report_say_the_same_also_after_changes(api):
    report, at = await shown(text='黑水 "二" \\ 🐟\n三'), clock.utc_now()
    async with database.transaction():
        await timeline.append([report], kind="signed", status="handling", note=Text("签收", "Signed"), at=at)

    (listed,) = (await api.get("/v1/public/reports?bbox=120,30.4,120.1,30.5")).json()["items"]
    single = (await api.get(f"/v1/public/reports/{report}")).json()

    times = {"received_at", "updated_at"}
    assert {k: v for k, v in listed.items() if k not in times} == {
        k: v for k, v in single.items() if k not in times | {"photographs"}
    }
    assert all(datetime.fromisoformat(listed[k]) == datetime.fromisoformat(single[k]) for k in times)
    assert listed["stage"] == "signed"


async def test_pages_follow_one_another_without_gap_or_repetition(api):
    reports = [str(await shown()) for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = (await api.get(f"/v1/public/reports?limit=2{cursor}")).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert seen == reports[::-1]


async def test_a_box_of_any_size_finds_exactly_what_lies_in_it_newest_first(api):
    chance = random.Random(20261122)
    now = clock.utc_now()
    for n in range(60):
        place = Place(lng=120.02 + chance.random() * 0.03, lat=30.43 + chance.random() * 0.02, datum="wgs84")
        await shown(place=place, now=now - timedelta(minutes=n))
    stored = await database.fetch("select report, lng, lat from public_report order by received_at desc, report desc")
    assert len(stored) > 50

    for size in (0.001, 0.004, 0.01, 0.02, 0.05, 0.3, 1.5):
        west, south = 120.02 + chance.random() * 0.02, 30.43 + chance.random() * 0.01
        box = public_map.Box(west, south, west + size, south + size)
        inside = [
            str(row["report"])
            for row in stored
            if box.west <= row["lng"] <= box.east and box.south <= row["lat"] <= box.north
        ]
        found, cursor = [], None
        while True:
            bbox = ",".join(map(str, box))
            more = {} if cursor is None else {"cursor": cursor}
            answer = await api.get("/v1/public/reports", params={"bbox": bbox, "limit": 7} | more)
            found += [item["id"] for item in answer.json()["items"]]
            cursor = answer.json()["next"]
            if cursor is None:
                break
        assert found == inside
        assert [row["id"] for row in await public_map.find(public_map.Filter(box=box), limit=1_000)] == [
            row["report"] for row in stored if str(row["report"]) in inside
        ]


async def test_the_newest_in_a_box_are_found_by_the_index_of_its_tiles_alone(api):
    box = public_map.Box(120.02, 30.44, 120.0304, 30.449)
    keys, values = public_map.keys_of(public_map.Filter(box=box))

    plan = "\n".join(row[0] for row in await database.fetch(f"explain {keys}", 101, *values))

    assert "public_report_tile_200" in plan
    assert "Seq Scan" not in plan
