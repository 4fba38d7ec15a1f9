"""One list, one contract; and the published worked examples to the milligram."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.errors import Invalid
from rewards import formula, methods
from rewards.behaviour import TRUST
from rewards.behaviours import BEHAVIOURS, find, result
from rewards.factors import FACTORS
from rewards.methods import Input, Method, MethodUnknown

NEW, OLD = date(2026, 1, 16), date(2026, 1, 14)

EXAMPLES = [
    ("1 metro 12.4 km", "metro", {"distance_km": "12.4"}, NEW, "national", "579.08"),
    ("2 bus 6.8 km", "bus", {"distance_km": "6.8"}, NEW, "national", "182.92"),
    ("3 two metro rides without distance", "metro-ride", {"rides": "2"}, NEW, "national", "1031.00"),
    ("4 8421 steps", "walk", {"steps": "8421", "credited_grams": "0"}, NEW, "national", "138.479"),
    ("5 23567 steps, capped", "walk", {"steps": "23567", "credited_grams": "0"}, NEW, "national", "296.00"),
    ("6 battery car 35 km, national", "battery-car", {"distance_km": "35"}, NEW, "national", "3570.35"),
    ("7a battery car 35 km, east", "battery-car", {"distance_km": "35"}, NEW, "east", "3468.50"),
    ("7b battery car 35 km, southwest", "battery-car", {"distance_km": "35"}, NEW, "southwest", "5058.20"),
    ("8a solar 10 kWh, national", "solar", {"energy_kwh": "10"}, NEW, "national", "5306.00"),
    ("8b solar 10 kWh, east", "solar", {"energy_kwh": "10"}, NEW, "east", "5500.00"),
    ("9 saved 3.5 kWh", "power-saving", {"energy_kwh": "3.5"}, NEW, "national", "1857.10"),
    ("10 clothes 2.5 kg", "textile-recycling", {"mass_kg": "2.5"}, NEW, "national", "9000.00"),
    ("11 ride share 15 km, two riders", "ride-share", {"distance_km": "15", "riders": "2"}, NEW, "national", "1293.90"),
    ("12 river patrol 2.5 h", "river-patrol", {"hours": "2.5"}, NEW, "national", "0"),
    ("14a before the factor changed", "solar", {"energy_kwh": "10"}, OLD, "national", "5366.00"),
    ("14b after the factor changed", "solar", {"energy_kwh": "10"}, NEW, "national", "5306.00"),
    ("15 negative saving", "power-saving", {"energy_kwh": "-4"}, NEW, "national", "0.00"),
]  # 13, the same trip from phone and operator, is in test_claims


@pytest.mark.parametrize(
    ("code", "inputs", "day", "region", "grams"), [e[1:] for e in EXAMPLES], ids=[e[0] for e in EXAMPLES]
)
def test_worked_example(code, inputs, day, region, grams):
    numbers = {name: Decimal(value) for name, value in inputs.items()}

    got = result(find(code), inputs=numbers, day=day, region=region)

    assert got.milligrams == int(Decimal(grams) * 1000)


def test_two_and_a_half_hours_on_the_river_are_fifty_points():
    assert result(find("river-patrol"), inputs={"hours": Decimal("2.5")}, day=NEW, region="east").points == 50


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=list(BEHAVIOURS))
def test_a_behaviour_keeps_the_contract(behaviour):
    assert all((behaviour.title.zh, behaviour.title.en, behaviour.caps, behaviour.proofs))
    assert set(behaviour.proofs) <= set(TRUST)
    assert [m.version for m in behaviour.methods] == list(range(1, len(behaviour.methods) + 1))
    for method in behaviour.methods:
        known = set(method.inputs) | set(method.factors)
        for text in filter(None, (method.grams, method.points)):
            assert formula.names(text) <= known
        assert method.grams or method.points
        assert {f.code for f in FACTORS} >= set(method.factors)


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=list(BEHAVIOURS))
def test_inputs_are_refused_beyond_their_bounds(behaviour):
    method = behaviour.methods[-1]
    for name, bounds in method.inputs.items():
        ordinary = {n: Decimal(i.high) for n, i in method.inputs.items()}
        result(behaviour, inputs=ordinary, day=NEW, region="east")
        for beyond in (Decimal(bounds.high) + 1, Decimal(bounds.low) - 1, Decimal("NaN"), Decimal("0.0000001")):
            with pytest.raises(Invalid):
                result(behaviour, inputs=ordinary | {name: beyond}, day=NEW, region="east")


def test_the_hash_of_a_version_changes_with_any_of_its_parts():
    method = Method(version=1, valid_from=OLD, inputs={"n": Input(unit="x", high="9")}, grams="n * 2")
    same = methods.content_hash("a", method, ())

    others = [
        methods.content_hash("b", method, ()),
        methods.content_hash("a", Method(version=1, valid_from=OLD, inputs=method.inputs, grams="n * 3"), ()),
        methods.content_hash("a", method, FACTORS[:1]),
    ]

    assert len({same, *others}) == 4


def test_a_day_before_the_first_version_is_refused():
    with pytest.raises(MethodUnknown):
        result(find("bus"), inputs={"distance_km": Decimal(1)}, day=date(2001, 1, 1), region="east")


@given(st.decimals(min_value=0, max_value=200, places=3), st.decimals(min_value=0, max_value=200, places=3))
def test_more_distance_never_saves_less(one, other):
    less, more = sorted((one, other))
    grams = [result(find("metro"), inputs={"distance_km": d}, day=NEW, region="east").milligrams for d in (less, more)]

    assert grams[0] <= grams[1]


@pytest.mark.parametrize(
    "text", ["__import__('os')", "a.b", "x if y else z", "[1]", "2 ** 9", "f(1)", "'a'", "1 and 2", "True"]
)
def test_a_formula_is_arithmetic_and_nothing_else(text):
    with pytest.raises(formula.FormulaBroken):
        formula.parse(text)
