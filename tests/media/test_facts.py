"""EXIF as strangers write it: a place or a time only when it can be one."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL.TiffImagePlugin import IFDRational

from media import exif
from media.facts import CameraFacts, Place, facts_of, moment, number, place_of, satellite_time, text, zone_of
from tests.builders import pictures

GOOD = {1: "N", 2: (30.0, 14.0, 45.6), 3: "E", 4: (120.0, 8.0, 34.8)}

rationals = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-(10**12), 10**12),
    st.tuples(st.integers(0, 2**32), st.integers(0, 2**32)),
    st.builds(IFDRational, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.fractions(),
    st.text(max_size=5),
    st.none(),
    st.booleans(),
    st.binary(max_size=4),
)
anything = st.one_of(
    rationals, st.tuples(rationals, rationals, rationals), st.lists(rationals, max_size=4), st.binary()
)


@given(
    st.dictionaries(st.integers(0, 31), anything), st.dictionaries(st.sampled_from([0x9003, 0x9004, 0x9011]), anything)
)
def test_any_values_give_possible_facts_or_none(gps, exif_block):
    facts = facts_of({0x010F: "x", 0x0131: gps.get(5)}, exif_block, gps)

    if facts.place is not None:
        assert -90 <= facts.place.latitude <= 90
        assert -180 <= facts.place.longitude <= 180
        assert (facts.place.latitude, facts.place.longitude) != (0, 0)
    if facts.taken_at is not None:
        assert facts.taken_at.utcoffset().total_seconds() == 0
    assert facts.direction_deg is None or 0 <= facts.direction_deg < 360


@given(
    st.floats(-53.9, 53.9).filter(lambda v: abs(v) > 0.01),
    st.floats(-179.99, 179.99).filter(lambda v: abs(v) > 0.01),
)
def test_a_place_written_by_a_phone_is_read_back_within_a_metre(latitude, longitude):
    def parts(value):
        seconds = Fraction(abs(value)) * 3600
        whole, rest = divmod(seconds, 3600)
        minutes, rest = divmod(rest, 60)
        return IFDRational(int(whole), 1), IFDRational(int(minutes), 1), IFDRational(round(rest * 1000), 1000)

    gps = {1: "N" if latitude > 0 else "S", 2: parts(latitude), 3: "E" if longitude > 0 else "W", 4: parts(longitude)}
    place = place_of(gps)

    assert place is not None
    assert abs(place.latitude - latitude) < 1e-5
    assert abs(place.longitude - longitude) < 1e-5


ABSENT = {
    "zero block": {2: (0, 0, 0), 4: (0, 0, 0)},
    "zero longitude block": {4: (0, 0, 0)},
    "0/0": {2: ((0, 0), (0, 0), (0, 0))},
    "0/0 of Pillow": {2: (IFDRational(0, 0),) * 3},
    "x/0": {4: (IFDRational(120, 0), 8, 1)},
    "no latitude reference": {1: None},
    "no longitude reference": {3: ""},
    "wrong reference": {1: "E"},
    "latitude too large": {2: (91, 0, 0)},
    "longitude too large": {4: (181, 0, 0)},
    "minutes": {2: (30, 61, 0)},
    "seconds": {2: (30, 0, 61)},
    "swapped": {2: (70.0, 8.0, 0.0), 4: (30.0, 0.0, 0.0)},
    "swapped in China": {2: (120.0, 8.0, 34.8), 4: (30.0, 14.0, 45.6)},
    "two parts": {2: (30.0, 14.0)},
    "text": {2: "30.24"},
    "missing": {2: None},
    "NaN": {2: (float("nan"), 0, 0)},
    "infinite": {4: (float("inf"), 0, 0)},
    "next to zero": {2: (0, 0, 0.1), 4: (0, 0, 0.1)},
}


@pytest.mark.parametrize("change", ABSENT.values(), ids=ABSENT)
def test_what_cannot_be_a_place_is_absent(change):
    assert place_of(GOOD | change) is None


def test_an_ordinary_place_is_one():
    assert place_of(GOOD) == Place(latitude=30.246, longitude=120.143)
    assert place_of(GOOD | {1: b"N\0", 3: "e"}) == Place(latitude=30.246, longitude=120.143)
    assert place_of(GOOD | {1: "S", 3: "W"}) == Place(latitude=-30.246, longitude=-120.143)
    assert place_of(GOOD | {2: (30.246, 0, 0)}) == Place(latitude=30.246, longitude=120.143)


TIMES = {
    ("2026:11:21 09:30:00", "+08:00"): (datetime(2026, 11, 21, 1, 30, tzinfo=UTC), "given"),
    ("2026:11:21 09:30:00", None): (datetime(2026, 11, 21, 1, 30, tzinfo=UTC), "assumed"),
    ("2026:11:21 09:30:00", "-05:30"): (datetime(2026, 11, 21, 15, 0, tzinfo=UTC), "given"),
    ("2026:11:21 09:30:00", "Z"): (datetime(2026, 11, 21, 9, 30, tzinfo=UTC), "given"),
    ("2026:11:21 09:30:00", "+25:00"): (datetime(2026, 11, 21, 1, 30, tzinfo=UTC), "assumed"),
    ("2026:11:21 09:30:00", "   :  "): (datetime(2026, 11, 21, 1, 30, tzinfo=UTC), "assumed"),
    ("2026-11-21 09:30:00\0", None): (datetime(2026, 11, 21, 1, 30, tzinfo=UTC), "assumed"),
    ("0000:00:00 00:00:00", None): None,
    ("    :  :     :  :  ", None): None,
    ("2026:02:30 09:30:00", None): None,
    ("2026:11:21 24:30:00", None): None,
    ("1970:01:01 00:00:00", None): None,
    ("9999:12:31 23:59:59", "-14:00"): None,
    ("nonsense", None): None,
    (None, None): None,
    (b"\xff\xfe", None): None,
}


@pytest.mark.parametrize(("given_", "expected"), TIMES.items(), ids=map(str, TIMES))
def test_capture_times(given_, expected):
    assert moment(*given_) == expected


def test_offsets_beyond_the_world_are_none():
    assert zone_of("+15:00") is None
    assert zone_of("+08:75") is None


def test_satellite_time_needs_all_its_parts():
    assert satellite_time({7: (1, 30, 0), 29: "2026:11:21"}) == datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
    assert satellite_time({7: (25, 30, 0), 29: "2026:11:21"}) is None
    assert satellite_time({7: (1, 30), 29: "2026:11:21"}) is None
    assert satellite_time({7: (1, 30, 0), 29: "2026:13:21"}) is None


def test_names_of_makers_in_chinese_encodings():
    assert text("华为".encode().decode("latin-1")) == "华为"
    assert text("小米".encode("gb18030")) == "小米"
    assert text("Apple\0\0junk") == "Apple"
    assert text("a\nb\x1bc") == "a b c"
    assert text("x" * 500) == "x" * 80
    assert text(7) is None


def test_numbers():
    assert number(IFDRational(1, 2)) == 0.5
    assert number((1, 0)) is None
    assert number(True) is None
    assert number(10**400) is None


def test_the_second_reader_finds_what_the_first_gave_up_on():
    block = pictures.exif().tobytes().removeprefix(b"Exif\0\0")

    facts = exif.read_again(block)
    assert facts.place == Place(latitude=30.246, longitude=120.143, accuracy_m=8.0)
    assert facts.taken_zone == "given"
    assert exif.read_again(b"") == exif.read_again(b"MM\0*garbage") == CameraFacts()
    assert exif.read_again(bytes(300_000)) == CameraFacts()


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_the_second_reader_never_raises(tail):
    exif.read_again(b"II*\x00\x08\x00\x00\x00" + tail)
