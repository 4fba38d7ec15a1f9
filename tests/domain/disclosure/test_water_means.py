"""Means, the trophic index and black-and-odorous grading."""

from decimal import Decimal

import pytest

from domain.disclosure.black_odorous import Grade, Sample, grade_body, grade_point, grades
from domain.disclosure.water_limits import Rules
from domain.disclosure.water_means import lake_mean, mean_values, months_of_quarter, trophic_index

D = Decimal


def test_a_mean_counts_only_the_samples_in_which_the_item_was_measured() -> None:
    assert {"nh3n": D("0.3"), "tp": D("0.1")} == mean_values(
        [{"nh3n": "0.2", "tp": "0.1"}, {"nh3n": "0.4", "tp": "--"}]
    )


def test_the_mean_of_ph_is_plain_unless_the_district_chose_ions() -> None:
    samples = [{"ph": "6"}, {"ph": "8"}]

    assert D(7) == mean_values(samples)["ph"]
    assert D("6.296709") == mean_values(samples, rules=Rules(ph_mean="ion"))["ph"]


def test_a_lake_is_averaged_over_time_first_and_over_points_second() -> None:
    assert {"tp": D(2)} == lake_mean([[{"tp": "1"}, {"tp": "1"}, {"tp": "1"}], [{"tp": "3"}]])


def test_quarters_have_three_months() -> None:
    assert [list(months_of_quarter(q)) for q in (1, 4)] == [[1, 2, 3], [10, 11, 12]]


def test_the_trophic_index_needs_all_five_items() -> None:
    values = {"chla": D(10), "tp": D("0.05"), "tn": D(1), "sd": D("0.5"), "codmn": D(4)}

    assert trophic_index(values) == pytest.approx(50.48, abs=0.01)
    assert trophic_index({**values, "sd": D(0)}) is None


def test_worked_example_16_is_light_through_oxygen_and_ammonia() -> None:
    sample = Sample(depth=D(20), transparency=D(9), oxygen=D("1.0"), redox=D(60), ammonia=D(9))

    found = grades(sample)

    assert {"oxygen", "ammonia"} == {index for index, grade in found.items() if grade is Grade.LIGHT}
    assert Grade.LIGHT is grade_point([sample])


def test_water_better_than_light_in_all_four_is_not_black_and_odorous() -> None:
    clean = Sample(depth=D(80), transparency=D(26), oxygen=D("2.1"), redox=D(51), ammonia=D("7.9"))

    assert Grade.NONE is grade_point([clean])


def test_a_point_is_heavy_by_one_index_in_sixty_percent_or_two_in_thirty() -> None:
    heavy_nh3n, heavy_both = Sample(ammonia=D(16), oxygen=D(1)), Sample(ammonia=D(16), oxygen=D("0.1"))
    light = Sample(ammonia=D(9), oxygen=D(1))

    assert Grade.HEAVY is grade_point([heavy_nh3n] * 3 + [light] * 2)
    assert Grade.LIGHT is grade_point([heavy_nh3n] * 2 + [light] * 3)
    assert Grade.HEAVY is grade_point([heavy_both] + [light] * 2)


def test_three_heavy_points_in_a_row_make_a_heavy_stretch_and_sixty_percent_a_heavy_body() -> None:
    heavy, light = Grade.HEAVY, Grade.LIGHT

    assert (
        (body := grade_body([light, heavy, heavy, heavy, light, light])).grade,
        body.heavy_stretches,
    ) == (Grade.LIGHT, ((1, 3),))
    assert Grade.HEAVY is grade_body([heavy, heavy, light, heavy, light]).grade
    assert Grade.NONE is grade_body([Grade.NONE]).grade
