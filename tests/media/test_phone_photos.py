"""What phones really send: whatever stands behind the picture, the photograph is taken and its copies are bare."""

import io

import exifread
import pytest
from PIL import Image

from media.answers import Developed
from media.darkroom import Child
from media.darkroom_child import answer_for
from media.facts import Place
from media.formats.inspection import inspect
from media.limits import DECODE_CPU_S
from tests.builders.phones import PHONES, iphone_heic
from tests.builders.pictures import SECRET
from tests.media.test_darkroom import file_of
from tests.media.test_developing import LABELS, developed


@pytest.mark.parametrize("make", PHONES.values(), ids=PHONES)
def test_a_phones_photo_is_taken_and_its_copies_are_bare(make):
    data = make()
    photo = developed(data)

    for copy in (photo.large, photo.small):
        assert copy.endswith(b"\xff\xd9")
        assert not [label for label in (*LABELS, b"SEFT", b"vivo", b"jxrs", b"LIVE_") if label in copy]
        assert SECRET not in copy
        assert exifread.process_file(io.BytesIO(copy), details=True) == {}
        assert data[-200:] not in copy
        again = Image.open(io.BytesIO(copy), formats=["JPEG"])
        again.load()
        assert again.size in (photo.large_size, photo.small_size)


@pytest.mark.parametrize("name", [name for name in PHONES if "screenshot" not in name and "webp" not in name])
def test_what_stands_behind_changes_nothing_of_the_facts_and_the_picture(name):
    data = PHONES[name]()
    photo = developed(data)

    assert photo.facts.place == Place(latitude=30.246, longitude=120.143, accuracy_m=8.0)
    assert photo.large == developed(data[: inspect(data).end]).large


def test_an_iphones_tiles_become_one_picture_turned_once():
    upright, turned = developed(iphone_heic(1000, 700)), developed(iphone_heic(1000, 700, turn=6))

    assert (upright.width, upright.height) == (1000, 700)
    assert (turned.width, turned.height) == (700, 1000)
    copy = Image.open(io.BytesIO(turned.large)).transpose(Image.Transpose.ROTATE_90)
    assert copy.size == (1000, 700)


def test_48_megapixels_of_an_iphone_stay_within_the_limits_of_the_child():
    data = iphone_heic(8064, 6048)
    child = Child()
    try:
        with file_of(data) as file:
            answer, cost = child.exchange(file, [])
    finally:
        child.stop()

    assert isinstance(answer, Developed), answer
    assert (answer.width, answer.height, answer.large_size) == (8064, 6048, (1600, 1200))
    assert cost.cpu_s < DECODE_CPU_S / 2
    assert cost.peak_kib < 900 * 1024


@pytest.mark.parametrize("name", ["iphone", "heic motion behind", "google ultra hdr motion", "samsung dual shot"])
def test_a_picture_cut_short_is_refused_whatever_stood_behind_it(name):
    data = PHONES[name]()

    for percent in range(2, 30, 3):
        assert not isinstance(answer_for(data[: len(data) * percent // 100]), Developed), percent
