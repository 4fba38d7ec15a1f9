"""A river's page over HTTP."""

import io

import pytest
from PIL import Image

from domain.disclosure.river_series import months_back
from domain.kernel import clock
from domain.kernel import database as db
from domain.reports.drafts import Place
from rewards import attendance
from tests.builders.disclosure import a_chief, a_month, a_river, a_section, published, worked
from tests.builders.reports import a_report
from tests.builders.residents import a_resident
from tests.builders.rewards import a_check, an_event, signed_up

MONTHS = months_back(clock.local_day(clock.utc_now()), 24)


@pytest.fixture
async def river(api):
    await published(
        "rivers",
        a_river(),
        a_river(
            code="QH-R-002", name="远溪", course={"type": "LineString", "coordinates": [[120.1, 30.3], [120.2, 30.3]]}
        ),
    )
    await published("sections", a_section(), a_section(code="QH-P-1", name="排口", kind="outfall"))
    await published(
        "river-water",
        a_month(month=MONTHS[-1]),
        a_month(month=MONTHS[-3]),
        a_month(section="QH-P-1", month=MONTHS[-1], nh3n="9"),
    )
    await published("river-chiefs", a_chief(), a_chief(since="2020-01-01", until="2024-12-31", name="前任河长"))
    return api


async def test_the_page_shows_class_target_series_and_chiefs(river) -> None:
    page = (await river.get("/v1/rivers/QH-R-001")).json()

    assert ("青河", "Ⅱ", MONTHS[-1]) == (page["name"], page["latest"]["class_name"], page["latest"]["month"])
    assert [point["month"] for point in page["series"]] == MONTHS
    assert sum(point["sections"] == 0 for point in page["series"]) == 22  # an outfall is not the river's class
    assert ([c["name"] for c in page["chiefs"]], [c["name"] for c in page["former_chiefs"]]) == (
        ["示例河长"],
        ["前任河长"],
    )
    assert (await river.get("/v1/rivers/nowhere")).status_code == 404


async def test_the_page_changes_its_etag_when_a_chief_changes(river) -> None:
    first = await river.get("/v1/rivers/QH-R-001")
    same = await river.get("/v1/rivers/QH-R-001", headers={"If-None-Match": first.headers["etag"]})
    await published("river-chiefs", a_chief(level="county", name="新河长"))
    changed = await river.get("/v1/rivers/QH-R-001", headers={"If-None-Match": first.headers["etag"]})

    assert (same.status_code, changed.status_code, len(changed.json()["chiefs"])) == (304, 200, 2)


async def test_nearest_counts_to_the_line_and_not_to_a_vertex(river) -> None:
    near = (await river.get("/v1/rivers/nearest", params={"near": "120.15,30.201"})).json()

    assert [(found["name"], found["distance_m"]) for found in near] == [("青河", 111), ("远溪", 11008)]
    assert (await river.get("/v1/rivers/nearest", params={"near": "x"})).status_code == 400


async def test_chart_and_card_are_svg_that_loads_nothing(river) -> None:
    for name in ("chart", "card"):
        answer = await river.get(f"/v1/rivers/QH-R-001/{name}.svg")
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "image/svg+xml")
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_the_card_for_chat_apps_is_a_png_that_shows_the_class(river) -> None:
    answer = await river.get("/v1/rivers/QH-R-001/card.png")
    again = await river.get("/v1/rivers/QH-R-001/card.png", headers={"If-None-Match": answer.headers["etag"]})

    image = Image.open(io.BytesIO(answer.content))
    assert (answer.headers["content-type"], image.format, image.size) == ("image/png", "PNG", (600, 480))
    assert image.getpixel((300, 170)) == (0, 204, 255)  # class II
    assert len(image.crop((150, 40, 450, 90)).getcolors(9_999)) > 2  # the name is written, not a row of boxes
    assert again.status_code == 304
    assert (await river.get("/v1/rivers/nowhere/card.png")).status_code == 404


async def test_quarters_and_years_are_means_of_their_months_and_say_what_is_missing(river) -> None:
    year = int(MONTHS[-1][:4]) - 1
    months = [a_month(month=f"{year}-0{n}", nh3n=value, tp="0.05") for n, value in ((1, "0.3"), (2, "0.9"), (4, "1.9"))]
    await published("river-water", *months, a_month(month=f"{year}-03", nh3n="0.6", tp="0.05"))

    quarters = (await river.get("/v1/rivers/QH-R-001/periods")).json()
    years = (await river.get("/v1/rivers/QH-R-001/periods", params={"by": "year"})).json()

    first, second = [q for q in quarters if q["period"] in {f"{year}Q1", f"{year}Q2"}]
    assert (first["class_name"], first["months"], first["complete"]) == ("Ⅲ", 3, True)  # the mean of 0.3, 0.9 and 0.6
    assert (second["class_name"], second["main_items"], second["complete"]) == ("Ⅴ", ["氨氮"], False)
    assert [(y["period"], y["months"]) for y in years if y["period"] == str(year)] == [(str(year), 4)]
    assert (await river.get("/v1/rivers/nowhere/periods")).status_code == 404


async def test_every_section_has_a_sign_per_month(river) -> None:
    answer = await river.get("/v1/rivers/classes", params={"since": MONTHS[-3], "until": MONTHS[-1]})

    assert answer.json()["sections"] == {"QH-S-001": "2-2", "QH-P-1": "--6"}
    refused = await river.get("/v1/rivers/classes", params={"since": "2000-01", "until": "2026-01"})
    assert refused.status_code == 400


async def test_the_page_shows_open_reports_and_the_latest_patrols(river) -> None:
    line = [[120.02, 30.4412], [120.03, 30.4412]]
    await published("rivers", a_river(course={"type": "LineString", "coordinates": line}))
    await a_report()
    for lat in (30.4425, 30.46):  # about 145 m and 2 km away
        await a_report(place=Place(lng=120.0261, lat=lat, datum="wgs84"))
    now, walker = clock.utc_now(), (await a_resident()).account
    patrol = await an_event(now=now, behaviour="river-patrol", river="QH-R-001")
    await signed_up(patrol, walker, now=now)
    for direction, act in (("in", attendance.check_in), ("out", attendance.check_out)):
        async with db.transaction():
            await act(patrol.id, account=walker, check=a_check(patrol, direction=direction, at=now), now=now)
    await worked(river)

    page = (await river.get("/v1/rivers/QH-R-001")).json()
    closer = (await river.get("/v1/rivers/QH-R-001", params={"metres": 1})).json()
    along = (await river.get("/v1/rivers/QH-R-001/reports")).json()

    assert (len(page["open_reports"]), page["within_m"], page["open_reports"]) == (2, 300, along)
    assert [found["distance_m"] for found in closer["open_reports"]] == [0]
    assert [found["people"] for found in page["patrols"]] == [1]
    assert (await river.get("/v1/rivers/QH-R-001/patrols")).json() == page["patrols"]
    assert (await river.get("/v1/rivers/nowhere/patrols")).status_code == 404


async def test_the_ranking_names_who_is_left_out(river) -> None:
    ranking = (await river.get("/v1/rivers/ranking")).json()

    assert ([rank["river"] for rank in ranking["ranked"]], ranking["left_out"]) == (["QH-R-001"], [])
    earlier = (await river.get("/v1/rivers/ranking", params={"month": MONTHS[-2]})).json()
    assert (earlier["ranked"], earlier["left_out"]) == ([], ["QH-R-001"])


async def test_reports_along_a_river_answer_without_login(river) -> None:
    assert (await river.get("/v1/rivers/QH-R-001/reports")).json() == []
