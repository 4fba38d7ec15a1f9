"""Photographs against claims: facts to think about, with numbers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.kernel.geo import Point, gcj02_to_wgs84, wgs84_to_gcj02
from domain.reports.evidence import Claim, PhotoEvidence, weigh

RECEIVED = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
LAKE = Point(120.143, 30.246)


def a_claim(**changes: Any) -> Claim:
    ordinary: dict[str, Any] = {"place": LAKE, "accuracy_m": 20.0, "captured_at": None, "received_at": RECEIVED}
    return Claim(**ordinary | changes)


def a_photo(**changes: Any) -> PhotoEvidence:
    ordinary: dict[str, Any] = {"place": LAKE, "taken_at": RECEIVED - timedelta(minutes=5)}
    return PhotoEvidence(**ordinary | changes)


def names(claim: Claim, *photos: PhotoEvidence) -> list[str]:
    return [signal.name for signal in weigh(claim, photos)]


def test_a_photo_without_metadata_does_not_count_against_anybody():
    assert names(a_claim(), a_photo(place=None, taken_at=None)) == ["place-absent", "time-absent"]
    assert names(a_claim()) == []


def test_the_same_place_agrees_within_both_accuracies():
    (signal,) = weigh(a_claim(), [a_photo(place=Point(LAKE.lng, LAKE.lat + 0.001), accuracy_m=15.0)])

    assert signal.name == "place-agrees"
    assert 105 < signal.numbers["distance_m"] < 115
    assert signal.photo == 1


@pytest.mark.parametrize("shifted", [wgs84_to_gcj02(LAKE), gcj02_to_wgs84(LAKE)])
def test_a_datum_mix_up_says_so_in_both_directions(shifted):
    (signal,) = weigh(a_claim(place=shifted), [a_photo()])

    assert signal.name == "datum-mix-up"
    assert 300 < signal.numbers["distance_m"] < 700
    assert signal.numbers["distance_after_converting_m"] < 5


def test_half_a_kilometre_in_the_wrong_direction_is_only_different():
    shifted = wgs84_to_gcj02(LAKE)
    mirrored = Point(2 * LAKE.lng - shifted.lng, shifted.lat)

    assert names(a_claim(place=mirrored), a_photo()) == ["place-differs"]


def test_far_is_said_with_its_distance():
    (signal,) = weigh(a_claim(), [a_photo(place=Point(121.4903, 31.24))])

    assert signal.name == "place-far"
    assert signal.numbers["distance_m"] > 100_000


def test_times():
    assert names(a_claim(), a_photo(taken_at=RECEIVED + timedelta(minutes=9))) == ["place-agrees"]
    assert names(a_claim(), a_photo(taken_at=RECEIVED + timedelta(hours=9)))[1:] == ["taken-after-receipt"]
    assert names(a_claim(), a_photo(taken_at=RECEIVED - timedelta(days=30)))[1:] == ["taken-long-before"]
    captured = a_claim(captured_at=RECEIVED - timedelta(days=30))
    assert names(captured, a_photo(taken_at=RECEIVED - timedelta(days=30)))[1:] == ["time-agrees"]
    assert names(captured, a_photo())[1:] == ["time-differs"]


def test_a_camera_clock_is_compared_with_the_satellites_only_when_its_zone_is_known():
    late = {"gps_at": RECEIVED - timedelta(hours=3)}

    assert names(a_claim(), a_photo(**late)) == ["place-agrees"]
    assert names(a_claim(), a_photo(**late, zone_given=True))[1:] == ["clock-differs-from-satellites"]


def test_origin_editors_and_lookalikes_are_named():
    photo = a_photo(source="album", software="Adobe Photoshop 2026", seen=2, nearest_bits=4)

    assert names(a_claim(), photo)[1:] == ["from-album", "edited", "seen-before"]
    assert weigh(a_claim(), [photo])[-1].numbers == {"photographs": 2.0, "bits": 4.0}
    assert names(a_claim(), a_photo(source="camera", software="17.1.1"))[1:] == ["from-camera"]
    assert names(a_claim(), a_photo(software="美图秀秀"))[1:] == ["edited"]


def test_photos_of_one_report_from_different_towns_are_noticed():
    signals = weigh(a_claim(), [a_photo(), a_photo(place=Point(120.16, 30.246))])

    assert signals[-1].name == "photos-apart"
    assert signals[-1].photo is None
