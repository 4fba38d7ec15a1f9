"""Series with gaps, ranking with minimum data, charts that are XML."""

from datetime import date
from decimal import Decimal

from defusedxml import ElementTree

from domain.disclosure import charts, river_series
from domain.disclosure.river_series import MonthPoint, months_back
from tests.builders.disclosure import a_month

BODIES = {"QH-S-001": "river"}


def a_row(**changes) -> dict:
    return a_month(**{"river": "QH-R-001"} | changes)


def test_months_back_end_with_last_month_and_cross_the_year() -> None:
    assert months_back(date(2026, 2, 3), 3) == ["2025-11", "2025-12", "2026-01"]


def test_a_missing_month_is_missing_and_not_zero() -> None:
    points = river_series.series(["2026-03", "2026-04", "2026-05"], [a_row(month="2026-05")], bodies=BODIES)

    assert [point.water_class for point in points] == [None, None, 2]
    assert [point.sections for point in points] == [0, 0, 1]


def test_a_month_is_compared_with_the_same_month_of_the_year_before() -> None:
    rows = [a_row(month="2025-05", nh3n="1.8"), a_row(month="2026-05")]

    (point,) = river_series.series(["2026-05"], rows, bodies=BODIES)

    assert point.change == "明显好转"


def test_the_ranking_leaves_out_rivers_with_missing_sections_or_items() -> None:
    rows = [
        a_row(),
        a_row(river="R2", section="S2", nh3n="0.1", codmn="1", tp="0.01", do="9"),
        a_row(river="R3", section="S3", codmn=None, tp=None),
    ]

    ranked, left_out = river_series.ranking(rows, expected={"QH-R-001": 1, "R2": 1, "R3": 1, "R4": 1}, bodies=BODIES)

    assert [(rank.place, rank.river) for rank in ranked] == [(1, "R2"), (2, "QH-R-001")]
    assert left_out == ["R3", "R4"]
    assert ranked[0].index < ranked[1].index < Decimal(1)


def test_the_chart_draws_a_gap_for_a_missing_month_and_the_target_line() -> None:
    points = [
        MonthPoint(month=f"2026-0{n}", water_class=c, class_name="Ⅱ") for n, c in enumerate((2, 2, None, 3, 3), 1)
    ]

    svg = ElementTree.fromstring(charts.series_chart(points, title="<青河> & 支流", target=3))

    space = "{http://www.w3.org/2000/svg}"
    assert len(svg.findall(f"{space}polyline")) == 2
    assert len(svg.findall(f"{space}circle")) == 4
    assert [g.findtext(f"{space}title") for g in svg.findall(f"{space}g")] == ["2026-03: 缺测 missing"]
    assert any("目标" in (text.text or "") for text in svg.findall(f"{space}text"))


def test_the_card_is_xml_even_without_data() -> None:
    card = charts.share_card(name="青河<1>", town=None, latest=None, target=None)

    assert ElementTree.fromstring(card) is not None
    assert "暂无数据" in card
