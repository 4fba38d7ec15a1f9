"""The pure parts of a report: categories, service area, the draft's rules, receipt codes."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel.errors import Invalid
from domain.kernel.geo import Point
from domain.reports import drafts, receipts
from domain.reports.categories import CATEGORIES, TOPS, UNITS, CategoryUnknown, category_of
from domain.reports.service_area import OutsideServiceArea, district, town_of
from tests.builders.reports import a_draft

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
QINGHE = district("qinghe")


def test_the_tree_has_the_nine_main_categories_and_every_leaf_a_unit():
    assert [top.zh for top in TOPS] == ["大气", "扬尘", "水体", "噪声", "油烟", "固废", "辐射", "生态", "其他"]
    assert {leaf.unit for leaf in CATEGORIES.values()} <= set(UNITS)


def test_an_unknown_category_is_refused():
    with pytest.raises(CategoryUnknown):
        category_of("water")


@pytest.mark.parametrize(
    ("lng", "lat", "town"), [(120.02, 30.44, "yunxi"), (120.09, 30.45, "hetang"), (120.05, 30.36, "nanpu")]
)
def test_a_place_falls_into_its_town(lng, lat, town):
    assert town_of(Point(lng, lat), area=QINGHE).code == town


def test_a_place_next_door_is_refused_with_the_name_of_the_authority():
    with pytest.raises(OutsideServiceArea) as refused:
        town_of(Point(120.2, 30.4), area=QINGHE)

    assert refused.value.facts == {"authority": "东浦区生态环境局"}


def test_a_place_in_a_hole_of_the_district_is_outside():
    with pytest.raises(OutsideServiceArea):
        town_of(Point(120.022, 30.367), area=QINGHE)


def test_a_place_far_away_is_refused_without_a_name():
    with pytest.raises(OutsideServiceArea) as refused:
        town_of(Point(121.47, 31.23), area=QINGHE)

    assert refused.value.facts == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"no_photo_reason": None},
        {"captured_at": NOW + timedelta(hours=24, seconds=1)},
        {"captured_at": NOW - timedelta(days=30, seconds=1)},
    ],
    ids=["neither photo nor reason", "captured in the future", "captured long ago"],
)
def test_a_draft_that_breaks_a_combined_rule_is_refused(changes):
    with pytest.raises(Invalid):
        drafts.check(a_draft(**changes), now=NOW)


@pytest.mark.parametrize("captured", [NOW + timedelta(hours=24), NOW - timedelta(days=30), None])
def test_a_capture_time_at_the_limit_is_taken(captured):
    drafts.check(a_draft(captured_at=captured), now=NOW)


def test_text_is_trimmed_normalised_and_free_of_control_characters():
    assert drafts.clean("  e\u0301\n黑水 ", field="text") == "é\n黑水"
    for bad in ("a\x00b", "a\x1bb", "  \n "):
        with pytest.raises(Invalid):
            drafts.clean(bad, field="text")


def test_a_receipt_code_has_at_least_eighty_bits_and_forgives_typing():
    code = receipts.code_for(key="k" * 16, print_=b"p")

    assert len(code.replace("-", "")) * 5 >= 80
    assert receipts.normal(code.lower().replace("-", " ")) == code.replace("-", "")
    assert receipts.normal("o1il") == "0111"


def test_another_key_or_another_body_gives_another_receipt_code():
    codes = {receipts.code_for(key=key * 16, print_=print_) for key in "ab" for print_ in (b"1", b"2")}

    assert len(codes) == 4
