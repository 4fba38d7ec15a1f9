"""The rating engine: worked examples of the pack "Guangzhou", properties, and packs that contradict themselves."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.enterprises.rating import Fact, Inputs, Mark, RatingIncomplete, adjusted, rate, what_if, with_repairs
from domain.enterprises.rule_packs import PackBroken, fingerprint, load, parse, shipped, unconfirmed

PACK = load("guangzhou-2015")
HIDDEN_PIPE = Fact(code="v6", document="青环罚〔2026〕8号", decided_on=date(2026, 3, 2))


def some_inputs(
    score: str,
    *,
    green: int = 0,
    vetoes: tuple[Fact, ...] = (),
    history: dict[int, str] | None = None,
    year: int = 2026,
) -> Inputs:
    return Inputs(
        credit_code="91330106MA27X0015J",
        year=year,
        marks=tuple(Mark(indicator=i.code, score=Decimal(score), document="核查表1") for i in PACK.indicators),
        bonus=tuple(Fact(code=f"g{n}", document=f"证书{n}") for n in range(1, green + 1)),
        vetoes=vetoes,
        history=history or {},
    )


@dataclass
class Example:
    name: str
    score: str
    grade: str
    green: int = 0
    vetoes: tuple[Fact, ...] = ()
    history: dict[int, str] = field(default_factory=dict)


@pytest.mark.parametrize(
    "example",
    [
        Example("full marks and two green items", "100", "green", green=2),
        Example("full marks and one green item", "100", "blue", green=1),
        Example("86", "86", "blue"),
        Example("exactly 80", "80.0", "blue"),
        Example("79.99", "79.99", "yellow"),
        Example("a hidden pipe", "92", "red", vetoes=(HIDDEN_PIPE,)),
        Example("59.9", "59.9", "red"),
        Example("two yellow years before", "100", "blue", green=2, history={2024: "yellow", 2025: "yellow"}),
        Example("red the year before", "100", "blue", green=2, history={2025: "red"}),
        Example("red two years before", "100", "blue", green=2, history={2024: "red"}),
        Example("red three years before", "100", "green", green=2, history={2023: "red"}),
        Example(
            "yellow, blue, yellow", "100", "green", green=2, history={2023: "yellow", 2024: "blue", 2025: "yellow"}
        ),
    ],
    ids=lambda example: example.name,
)
def test_worked_examples(example: Example) -> None:
    inputs = some_inputs(example.score, green=example.green, vetoes=example.vetoes, history=example.history)

    assert example.grade == rate(inputs, pack=PACK).grade


def test_two_yellow_years_bar_green_up_to_the_rating_of_2027() -> None:
    history = {2024: "yellow", 2025: "yellow"}
    grades = [rate(some_inputs("100", green=2, history=history, year=y), pack=PACK).grade for y in (2026, 2027, 2028)]

    assert grades == ["blue", "blue", "green"]


def test_a_veto_names_its_item_and_its_document() -> None:
    reasons = rate(some_inputs("92", vetoes=(HIDDEN_PIPE,)), pack=PACK).reasons

    assert [(r.kind, r.code, r.document) for r in reasons] == [("veto", "v6", "青环罚〔2026〕8号")]


def test_a_general_incident_lowers_by_one_grade_and_never_below_the_worst() -> None:
    assert adjusted("blue", events=["general_incident"], pack=PACK) == "yellow"
    assert adjusted("red", events=["general_incident"], pack=PACK) == "red"
    assert adjusted("blue", events=["sunshine"], pack=PACK) == "blue"


def test_the_grade_is_decided_on_the_unrounded_score() -> None:
    marks = list(some_inputs("80").marks)
    marks[0] = msgspec.structs.replace(marks[0], score=Decimal("79.999"))
    rating = rate(msgspec.structs.replace(some_inputs("80"), marks=tuple(marks)), pack=PACK)

    assert ("yellow", Decimal("80.00")) == (rating.grade, rating.score)


def test_an_indicator_that_does_not_apply_rescales_the_others() -> None:
    inputs = some_inputs("90")
    marks = tuple(
        msgspec.structs.replace(m, score=None) if m.indicator == "hazardous_waste" else m for m in inputs.marks
    )

    assert Decimal("90.00") == rate(msgspec.structs.replace(inputs, marks=marks), pack=PACK).score


def test_every_indicator_is_explained_with_its_points_and_document() -> None:
    rating = rate(some_inputs("86"), pack=PACK)

    assert len(rating.points) == 21
    assert Decimal("86.00") == sum(line.points for line in rating.points)
    assert {"核查表1"} == {line.document for line in rating.points}


def test_what_if_shows_each_repair_alone_and_all_together() -> None:
    inputs = some_inputs("100", green=2, vetoes=(HIDDEN_PIPE,))
    marks = tuple(
        msgspec.structs.replace(m, score=Decimal(0)) if m.indicator == "penalties" else m for m in inputs.marks
    )

    found = what_if(msgspec.structs.replace(inputs, marks=marks), pack=PACK)

    assert [
        ("veto", "v6", Decimal("85.00"), "blue"),
        ("indicator", "penalties", Decimal("100.00"), "red"),
        ("all", "all", Decimal("100.00"), "green"),
    ] == [(w.kind, w.code, w.score, w.grade) for w in found]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"marks": ()}, "missing"),
        ({"vetoes": (Fact(code="v99", document="x"),)}, "unknown"),
        ({"vetoes": (Fact(code="v6", document=""),)}, "without_document"),
        ({"history": {2025: "pink"}}, "unknown"),
    ],
)
def test_incomplete_inputs_are_refused_with_what_is_wrong(change: dict[str, object], finding: str) -> None:
    with pytest.raises(RatingIncomplete) as caught:
        rate(msgspec.structs.replace(some_inputs("90"), **change), pack=PACK)

    assert finding in caught.value.facts


def test_stored_inputs_give_the_same_result_again() -> None:
    inputs = some_inputs("83.33", green=1, history={2025: "yellow"})
    again = msgspec.json.decode(msgspec.json.encode(inputs), type=Inputs)

    assert rate(inputs, pack=PACK) == rate(again, pack=PACK)


@given(st.lists(st.integers(0, 100), min_size=21, max_size=21), st.integers(0, 20), st.integers(0, 11))
def test_repairing_something_never_lowers_the_grade(scores: list[int], which: int, green: int) -> None:
    inputs = some_inputs("0", green=green)
    marks = tuple(msgspec.structs.replace(m, score=Decimal(s)) for m, s in zip(inputs.marks, scores, strict=True))
    inputs = msgspec.structs.replace(inputs, marks=marks)
    ranks = PACK.ranks

    better = rate(with_repairs(inputs, [PACK.indicators[which].code]), pack=PACK)

    assert ranks[better.grade] <= ranks[rate(inputs, pack=PACK).grade]


@pytest.mark.parametrize("pack_id", shipped())
def test_shipped_packs_hold_and_say_what_is_unconfirmed(pack_id: str) -> None:
    pack = load(pack_id)

    assert (len(pack.indicators), len(pack.vetoes), len(pack.grades)) == (21, 14, 4)
    assert {"vetoes:v8", "vetoes:v9", "vetoes:v10", "vetoes:v12", "days:recheck"} <= set(unconfirmed(pack))
    assert fingerprint(pack) == fingerprint(parse(msgspec.json.encode(pack)))


def test_the_national_pack_does_not_pretend_that_its_grade_limits_are_confirmed() -> None:
    assert "grade_rule:green" in unconfirmed(load("national-2013"))
    assert "grade_rule:green" not in unconfirmed(PACK)


@pytest.mark.parametrize(
    ("field_name", "value", "finding"),
    [
        ("veto_grade", "black", "unknown grade black"),
        ("grade_rules", PACK.grade_rules[:3], "grade rules"),
        ("indicators", PACK.indicators[1:], "category control says 29"),
        ("indicators", (*PACK.indicators, PACK.indicators[0]), "pollutant_standards twice"),
        ("bonus_items", (), "more bonus items"),
        ("effective_to", date(2014, 1, 1), "ends before"),
    ],
)
def test_a_pack_that_contradicts_itself_is_refused(field_name: str, value: object, finding: str) -> None:
    broken = msgspec.structs.replace(PACK, **{field_name: value})

    with pytest.raises(PackBroken, match=finding):
        parse(msgspec.json.encode(broken))


def test_an_unknown_pack_is_no_path() -> None:
    with pytest.raises(KeyError):
        load("../packs/guangzhou-2015")
