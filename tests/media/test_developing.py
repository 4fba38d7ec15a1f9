"""Every acceptable file becomes two clean copies; nothing of the sender's metadata survives in them."""

import io

import exifread
import msgspec
import pytest
from PIL import Image, ImageChops, ImageStat

from media.answers import Developed
from media.darkroom_child import answer_for
from media.facts import Place
from tests.builders import pictures
from tests.builders.pictures import GOOD, SECRET

LABELS = (
    b"Exif",
    b"http://ns.adobe.com",
    b"<x:xmpmeta",
    b"ICC_PROFILE",
    b"Photoshop",
    b"JFXX",
    b"MPF\0",
    b"CANARY",
    b"ftyp",
)


def developed(data: bytes) -> Developed:
    answer = answer_for(data)
    assert isinstance(answer, Developed), answer
    return answer


@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD)
def test_every_kind_of_photo_becomes_two_bare_copies(make):
    photo = developed(make())

    for copy, side in ((photo.large, 1600), (photo.small, 320)):
        assert copy.endswith(b"\xff\xd9")
        assert copy[2:4] == b"\xff\xe0"  # the JFIF header, and then tables and the picture
        assert not [label for label in LABELS if label in copy]
        assert SECRET not in copy
        assert exifread.process_file(io.BytesIO(copy), details=True) == {}
        again = Image.open(io.BytesIO(copy), formats=["JPEG"])
        again.load()
        assert again.mode == "RGB"
        assert max(again.size) <= side
        assert not again.getexif()
        assert set(again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD)
def test_copies_look_like_the_picture(make):
    data = make()
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        if image.mode.startswith("I"):
            seen = image.point(lambda level: level / 256).convert("RGBA")
        else:
            seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        expected = Image.alpha_composite(white, seen).convert("L")
    copy = Image.open(io.BytesIO(developed(data).large)).convert("L")

    mean = ImageStat.Stat(expected).mean[0]
    assert abs(ImageStat.Stat(copy).mean[0] - mean) < 12


@pytest.mark.parametrize("turn", range(1, 9))
def test_all_eight_orientations_stand_upright(turn):
    photo = developed(pictures.oriented(turn))

    copy = Image.open(io.BytesIO(photo.large))
    assert copy.size == (photo.width, photo.height) == pictures.SIZE
    red, green, blue = copy.getpixel((50, 50))
    assert red > 200
    assert green < 60
    assert blue < 60
    assert copy.getpixel((600, 440))[0] < 200


def test_the_red_corner_stays_in_one_place_only():
    upright = Image.open(io.BytesIO(developed(pictures.oriented(1)).large))
    others = [Image.open(io.BytesIO(developed(pictures.oriented(turn)).large)) for turn in range(2, 9)]

    for other in others:
        assert max(ImageStat.Stat(ImageChops.difference(upright, other)).mean) < 8


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "heic", "mpo", "progressive", "cmyk", "samsung"])
def test_facts_are_read_before_they_are_stripped(name):
    facts = developed(GOOD[name]()).facts

    assert facts.place == Place(latitude=30.246, longitude=120.143, accuracy_m=8.0)
    assert facts.taken_at is not None
    assert facts.taken_zone == "given"
    assert (facts.make, facts.model, facts.direction_deg, facts.altitude_m) == ("Qinghe", "QH-1 Demo", 137.5, 12.3)


def test_a_heic_is_turned_once():
    photo = developed(GOOD["heic turned"]())

    assert (photo.width, photo.height) == (480, 640)


def test_a_thumbnail_inside_a_heic_is_never_shown_in_place_of_the_picture():
    data = GOOD["heic with thumbnail"]()

    assert Image.open(io.BytesIO(developed(data).large)).size == pictures.SIZE


def test_transparency_becomes_white():
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    copy = Image.open(io.BytesIO(developed(pictures.saved(clear, "PNG")).large))

    assert copy.getpixel((32, 32)) == (255, 255, 255)


def test_sixteen_bits_keep_their_brightness():
    grey = Image.new("I;16", (64, 64), 128 * 257)
    copy = Image.open(io.BytesIO(developed(pictures.saved(grey, "PNG")).large))

    assert abs(copy.getpixel((32, 32))[0] - 128) <= 2


def test_small_pictures_are_not_enlarged_and_large_ones_keep_their_proportion():
    small = developed(pictures.saved(pictures.scene((200, 100)), "JPEG"))
    large = developed(pictures.saved(pictures.scene((3200, 1800)), "JPEG"))

    assert (small.large_size, small.small_size) == ((200, 100), (200, 100))
    assert (large.large_size, large.small_size) == ((1600, 900), (320, 180))


def test_the_answer_survives_the_pipe():
    photo = developed(GOOD["jpeg"]())

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(photo), type=Developed) == photo
