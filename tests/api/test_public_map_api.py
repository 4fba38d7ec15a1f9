"""The public map: GeoJSON, counts per cell with k, one report with its photographs."""

from datetime import datetime

from domain.kernel import clock, database
from domain.kernel.errors import Text
from domain.reports import publication, timeline
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
