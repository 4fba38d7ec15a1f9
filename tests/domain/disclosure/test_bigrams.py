"""Pairs of characters as numbers."""

from hypothesis import given
from hypothesis import strategies as st

from domain.disclosure.bigrams import grams_of


@given(st.text("甲乙丙a1\n", max_size=20), st.integers(0, 20), st.integers(2, 6))
def test_every_part_of_a_line_is_found_by_its_pairs(text: str, start: int, length: int) -> None:
    part = text[start : start + length]

    assert "\n" in part or len(part) < 2 or set(grams_of(part)) <= set(grams_of(text))


def test_pairs_do_not_cross_lines_and_fit_32_bits() -> None:
    assert len(grams_of("电镀\n废水")) == 2
    assert all(-(2**31) <= gram < 2**31 for gram in grams_of("￿￿𠮷𠮷"))
