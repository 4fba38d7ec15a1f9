"""Credit codes against the vectors and, where it is right, against python-stdnum."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from domain.kernel.credit_code import SYMBOLS, check_character, is_credit_code, organisation_check

with (Path(__file__).parent / "data" / "uscc_vectors.csv").open(encoding="utf-8") as file:
    VECTORS = [(row["code"], row["expect"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("code", "expect"), VECTORS)
def test_vectors(code: str, expect: str) -> None:
    assert is_credit_code(code) == expect.startswith("valid")


@pytest.mark.parametrize(
    "text", ["11010519491231002X", "", "９1110000600037341L", "91110000600037341L0", "91310000MA1FL0000"]
)
def test_what_only_looks_alike_is_refused(text: str) -> None:
    assert not is_credit_code(text)


@given(st.from_regex(r"9[1-3][0-9]{6}[0-9A-HJ-NP-RTUWXY]{8}", fullmatch=True))
def test_a_code_made_by_the_rules_is_accepted_here_and_by_stdnum_and_no_slip_of_one_character_is(body: str) -> None:
    first = body + organisation_check(body[8:])
    code = first + check_character(first)

    assert is_credit_code(code)
    assert uscc.is_valid(code)
    for place in range(18):
        wrong = SYMBOLS[(SYMBOLS.index(code[place]) + 1) % 31]
        assert not is_credit_code(code[:place] + wrong + code[place + 1 :])
