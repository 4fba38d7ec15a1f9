"""The water evaluation against the worked examples and real published classes."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.disclosure.water import evaluate, exceedances, meets, over_target, rounded
from domain.disclosure.water_limits import Body, Rules, Status
from domain.disclosure.water_means import mean_values
from domain.disclosure.water_rating import (
    Change,
    change_of_shares,
    change_of_status,
    labels,
    rate_river,
    rating_by_shares,
    shares_of,
)
from domain.kernel.errors import Invalid

DATA = Path(__file__).parents[1] / "data"
CLASSES = {"Ⅰ": 1, "Ⅱ": 2, "Ⅲ": 3, "Ⅳ": 4, "Ⅴ": 5, "劣Ⅴ": 6}
COLUMNS = ("ph", "do", "codmn", "nh3n", "tp", "tn", "temp")


def published(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["published_class"]]


def values_of(row: dict[str, str]) -> dict[str, str]:
    return {("temperature" if c == "temp" else c): row[f"{c}_raw"] for c in COLUMNS}


@pytest.mark.parametrize(
    ("name", "rows"), [("cnemc_sections_sample.csv", 246), ("cnemc_rounding_boundary_cases.csv", 40)]
)
def test_every_published_class_and_colour_is_reproduced(name: str, rows: int) -> None:
    wrong = []
    for row in published(name):
        result = evaluate(values_of(row), body="lake" if row["body"] == "lake" else "river")
        if (result.class_name, result.colour) != (row["published_class"], row["published_color"]):
            wrong.append((row["section"], result.class_name, row["published_class"]))

    assert wrong == []
    assert rows == len(published(name))


# number, body, values, class, status, printed main pollutants
EXAMPLES: list[tuple[int, Body, dict[str, str], int, Status, str]] = [
    (1, "river", {"ph": "6.758", "do": "7.326", "codmn": "0.7531", "nh3n": "0.025", "tp": "0.067", "tn": "0.6417"}, 2,
     Status.EXCELLENT, ""),
    (2, "river", {"ph": "6.74", "do": "4.16", "codmn": "1.518", "nh3n": "0.025", "tp": "0.008"}, 4, Status.LIGHT,
     "溶解氧"),
    (3, "lake", {"do": "7.74", "codmn": "1.2742", "nh3n": "0.025", "tp": "0.0059", "tn": "0.7073"}, 1,
     Status.EXCELLENT, ""),
    (4, "river", {"do": "5.994", "codmn": "2.6681", "nh3n": "0.0588", "tp": "0.073"}, 2, Status.EXCELLENT, ""),
    (5, "river", {"ph": "9.02", "do": "11.87", "codmn": "8.11", "nh3n": "0.052", "tp": "0.09"}, 4, Status.LIGHT,
     "高锰酸盐指数(0.4)"),
    (6, "lake", {"temperature": "25.6", "do": "7.4", "codmn": "1.0", "nh3n": "0.025", "tp": "0.005"}, 2,
     Status.EXCELLENT, ""),
    (7, "river", {"do": "5.50007", "codmn": "1.65297", "nh3n": "1.13017", "tp": "0.30099"}, 5, Status.MEDIUM,
     "总磷(0.5)、氨氮(0.1)"),
    (8, "lake", {"ph": "9.0", "do": "11.75", "codmn": "21.558", "nh3n": "0.025", "tp": "0.0441"}, 6, Status.HEAVY,
     "高锰酸盐指数(2.6)"),
    (9, "river", {"nh3n": "2.3", "tp": "0.32", "cod": "24", "do": "6", "codmn": "4"}, 6, Status.HEAVY,
     "氨氮(1.3)、总磷(0.6)、化学需氧量(0.2)"),
    (10, "river", {"nh3n": "1.2", "cod": "26", "codmn": "8", "bod5": "5", "pb": "0.06", "do": "6"}, 5, Status.MEDIUM,
     "铅(0.2)、高锰酸盐指数(0.3)、化学需氧量(0.3)"),
]  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"example {e[0]}" for e in EXAMPLES])
def test_worked_examples_of_sections(example: tuple[int, Body, dict[str, str], int, Status, str]) -> None:
    _, body, values, water_class, status, pollutants = example

    result = evaluate(values, body=body)

    assert (water_class, status, pollutants) == (result.water_class, result.status, labels(result.main_pollutants))


def test_the_saturation_alternative_is_an_option_only() -> None:
    values = {"temperature": "25.6", "do": "7.4", "codmn": "1.0"}

    assert evaluate(values, body="lake", rules=Rules(saturation_counts_for_class_one=True)).water_class == 1


@pytest.mark.parametrize(
    ("good", "middle", "worst", "status"),
    [(9, 2, 1, Status.GOOD), (5, 1, 1, Status.LIGHT), (7, 1, 2, Status.MEDIUM), (3, 0, 2, Status.HEAVY),
     (9, 1, 0, Status.EXCELLENT), (10, 0, 0, Status.EXCELLENT)],
)  # fmt: skip
def test_worked_examples_of_rivers(good: int, middle: int, worst: int, status: Status) -> None:
    assert status is rating_by_shares([3] * good + [4] * middle + [6] * worst)


def test_a_river_with_few_sections_is_rated_by_the_mean_of_its_items() -> None:
    rating = rate_river([("river", {"nh3n": "0.4"}), ("river", {"nh3n": "1.8"}), ("river", {"nh3n": "--"})])

    assert rating.mean is not None
    assert (rating.mean.water_class, rating.status, rating.shares) == (4, Status.LIGHT, None)


def test_a_river_with_five_sections_is_rated_by_shares_and_lists_the_items_most_sections_exceed() -> None:
    bad = {"nh3n": "2.5", "tp": "0.1"}
    rating = rate_river([("river", {"nh3n": "0.4"})] * 3 + [("river", bad)] * 2)

    assert (rating.status, rating.main_items) == (Status.HEAVY, ("nh3n",))


def test_worked_examples_of_change() -> None:
    assert Change.NONE is change_of_status(Status.EXCELLENT, Status.EXCELLENT)  # II to I
    assert Change.SOME_BETTER is change_of_status(Status.LIGHT, Status.GOOD)  # IV to III
    assert Change.MUCH_WORSE is change_of_status(Status.GOOD, Status.MEDIUM)  # III to V


def test_change_by_shares_is_inclusive_at_ten_and_twenty_points() -> None:
    before = shares_of([3] * 5 + [4] * 5)

    assert Change.NONE is change_of_shares(before, shares_of([3] * 6 + [4] * 4))
    assert Change.SOME_BETTER is change_of_shares(before, shares_of([3] * 7 + [4] * 3))
    assert Change.MUCH_WORSE is change_of_shares(before, shares_of([3] * 4 + [4] * 4 + [6] * 2))


def test_nothing_measured_is_grey_and_has_no_class() -> None:
    result = evaluate({"nh3n": "--", "tp": "*", "temperature": "20"}, body="river")

    assert (result.water_class, result.colour, result.class_name, result.status) == (None, "#ABABAB", "", None)
    assert meets(result, target=3) is None


def test_compliance_is_judged_against_the_sections_own_target() -> None:
    result = evaluate({"nh3n": "0.8", "tp": "0.15"}, body="river")

    assert (meets(result, target=3), meets(result, target=2)) == (True, False)
    assert labels(over_target(result, target=2, body="river")) == "氨氮(0.6)、总磷(0.5)"


def test_total_nitrogen_is_reported_apart() -> None:
    result = evaluate({"tn": "3.0", "tp": "0.01"}, body="lake")

    assert (result.water_class, [(r.code, r.water_class) for r in result.apart]) == (1, [("tn", 6)])


@pytest.mark.parametrize("cell", ["NaN", "Infinity", "1,2", "0x1", "-0.1", "1" * 12, "abc", "1.2.3", "<", "0.05 mg"])
def test_cells_that_are_no_plain_number_are_refused_with_the_item(cell: str) -> None:
    with pytest.raises(Invalid) as caught:
        evaluate({"nh3n": cell}, body="river")

    assert caught.value.field == "nh3n"


@pytest.mark.parametrize(
    ("text", "places", "expected"),
    [("0.025", 2, "0.02"), ("0.125", 2, "0.12"), ("17.25", 1, "17.2"), ("8.5", 0, "8"), ("6.5", 0, "6")],
)
def test_rounding_is_half_even_on_the_decimal_text(text: str, places: int, expected: str) -> None:
    assert Decimal(expected) == rounded(Decimal(text), places)


@given(
    st.dictionaries(
        st.sampled_from(["nh3n", "tp", "codmn", "cod", "pb", "cn"]),
        st.decimals(min_value=0, max_value=99, places=4).map(str),
        min_size=1,
    ),
    st.sampled_from(["river", "lake"]),
)
def test_the_class_is_the_worst_item_and_cleaner_water_is_never_worse(values: dict[str, str], body: Body) -> None:
    result = evaluate(values, body=body)
    cleaner = evaluate({code: str(Decimal(value) / 2) for code, value in values.items()}, body=body)

    assert result.water_class == max(item.water_class or 0 for item in result.items)
    assert cleaner.water_class is not None
    assert cleaner.water_class <= result.water_class
    assert bool(result.main_pollutants) == bool(exceedances(list(result.items), body=body))


@pytest.mark.parametrize(
    ("cell", "water_class"),
    [("<0.05", 1), ("＜0.05", 1), ("0.05L", 1), ("未检出", 1), ("ND", 1), ("<1.2", 3), ("1.2L", 3), ("１．２", 4),
     ("1.2E0", 4), (" 1.2 ", 4), ("低于0.05", 1)],
)  # fmt: skip
def test_below_a_detection_limit_its_half_counts_and_cells_are_read_as_laboratories_print_them(cell, water_class):
    assert evaluate({"nh3n": cell}, body="river").water_class == water_class


@pytest.mark.parametrize("cell", ["", "--", "*", "—", "断流", "未监测"])
def test_what_was_not_measured_takes_no_part(cell) -> None:
    assert evaluate({"nh3n": cell}, body="river").water_class is None


def test_excluded_items_never_decide_the_class_and_are_reported_apart() -> None:
    values = {"do": "8", "tn": "9.9", "coliform": "99000", "temperature": "35", "tp": "0.02"}

    river, lake = evaluate(values, body="river"), evaluate(values, body="lake")

    assert (river.water_class, lake.water_class) == (1, 2)  # the stricter row of phosphorus counts in a lake
    assert [(r.code, r.water_class) for r in river.apart] == [("tn", None), ("coliform", 6)]
    assert [(r.code, r.water_class) for r in lake.apart] == [("tn", 6), ("coliform", 6)]


def test_means_use_the_half_too_and_a_district_may_choose_another_share() -> None:
    samples = [{"nh3n": "<0.4"}, {"nh3n": "0.6"}, {"nh3n": "--"}]

    assert mean_values(samples) == {"nh3n": Decimal("0.4")}
    assert mean_values(samples, rules=Rules(below_detection_share=Decimal(1))) == {"nh3n": Decimal("0.5")}
