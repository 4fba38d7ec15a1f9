"""What is not completely a photograph is refused, with the type that names the limit or the reason."""

import io
import struct

import pytest
from PIL import Image

from media.answers import Developed, Refused
from media.darkroom_child import answer_for
from media.formats.inspection import inspect
from media.formats.layout import Unfit
from media.limits import PHOTO_PIXELS_MAX, PHOTO_SCANS_MAX
from media.refusals import refusal_of
from tests.builders import phones, pictures
from tests.builders.pictures import GOOD, jpeg, saved, scene

ZIP = (
    b"PK\x03\x04"
    + bytes(26)
    + b"PK\x01\x02"
    + bytes(42)
    + b"PK\x05\x06"
    + struct.pack("<HHHHIIH", 0, 0, 1, 1, 46, 30, 0)
)


def code(data: bytes) -> str | None:
    answer = answer_for(data)
    return answer.code if isinstance(answer, Refused) else None


def with_comment(comment: bytes) -> bytes:
    return saved(scene(), "JPEG", comment=comment)


HOSTILE = {
    "nothing": (lambda: b"", "photo-empty"),
    "one byte": (lambda: b"\xff", "photo-type-unsupported"),
    "text": (lambda: b"hello", "photo-type-unsupported"),
    "gif": (lambda: saved(scene(), "GIF"), "photo-type-unsupported"),
    "bmp": (lambda: saved(scene(), "BMP"), "photo-type-unsupported"),
    "tiff": (lambda: saved(scene(), "TIFF"), "photo-type-unsupported"),
    "jpeg 2000": (lambda: saved(scene(), "JPEG2000"), "photo-type-unsupported"),
    "avif": (lambda: saved(scene(), "AVIF"), "photo-type-unsupported"),
    "pdf": (lambda: saved(scene(), "PDF"), "photo-type-unsupported"),
    "svg": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "photo-type-unsupported"),
    "eps": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "photo-type-unsupported"),
    "psd": (lambda: b"8BPS\0\1" + bytes(40), "photo-type-unsupported"),
    "zip": (lambda: ZIP, "photo-type-unsupported"),
    "video": (pictures.video, "video-not-supported"),
    "animated webp": (lambda: pictures.animated("WEBP"), "photo-animated"),
    "animated png": (lambda: pictures.animated("PNG"), "photo-animated"),
    "jpeg and zip": (lambda: jpeg() + ZIP, "photo-foreign-content"),
    "png and zip": (lambda: GOOD["png"]() + ZIP, "photo-foreign-content"),
    "webp and zip": (lambda: GOOD["webp"]() + ZIP, "photo-foreign-content"),
    "heic and zip": (lambda: GOOD["heic"]() + ZIP, "photo-foreign-content"),
    "heic and free box with zip": (
        lambda: GOOD["heic"]() + struct.pack(">I4s", 8 + len(ZIP), b"free") + ZIP,
        "photo-foreign-content",
    ),
    "zip in a comment": (lambda: with_comment(ZIP), "photo-foreign-content"),
    "jpeg and html": (lambda: jpeg() + b"<html><script>alert(1)</script>", "photo-foreign-content"),
    "php in a comment": (lambda: with_comment(b"<?php system($_GET[0]); ?>"), "photo-foreign-content"),
    "script in a comment": (lambda: with_comment(b"<SCRIPT>alert(1)</SCRIPT>"), "photo-foreign-content"),
    "pdf in a comment": (lambda: with_comment(b"%PDF-1.4\n1 0 obj"), "photo-foreign-content"),
    "html before": (lambda: b"<html>" + jpeg(), "photo-type-unsupported"),
    "program behind a samsung trailer": (
        lambda: jpeg() + pictures.samsung_trailer([(1, b"x", b"y")]) + b"\x7fELF\x02\x01\x01",
        "photo-foreign-content",
    ),
    "two starts": (lambda: jpeg()[:2] + jpeg(), "photo-unreadable"),
    "header only": (lambda: jpeg()[:200], "photo-truncated"),
    "no end": (lambda: jpeg()[:-2], "photo-truncated"),
    "png checksum": (lambda: flipped(GOOD["png"](), 40), "photo-unreadable"),
    "webp truncated": (lambda: GOOD["webp"]()[:-10], "photo-truncated"),
    "heic truncated": (lambda: GOOD["heic"]()[:-10], "photo-truncated"),
    "jpeg of 65000 x 65000": (lambda: resized_header(jpeg(), 65_000, 65_000), "photo-too-many-pixels"),
    "png bomb": (lambda: pictures.png_of_zeros(20_000, 20_000), "photo-too-many-pixels"),
    "two sizes": (lambda: resized_header(jpeg(), 640, 481), None),
    "many scans": (lambda: with_scans(PHOTO_SCANS_MAX + 1), "photo-too-complex"),
}


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def resized_header(data: bytes, width: int, height: int) -> bytes:
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def with_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    data = saved(scene((64, 48)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    scan = data[last:-2]
    return data[:-2] + scan * (count - data.count(b"\xff\xda")) + data[-2:]


PAYLOADS = {
    "zip": ZIP,
    "zip behind padding": bytes(64) + ZIP,
    "rar": b"Rar!\x1a\x07\x01\0" + bytes(50),
    "7z": b"7z\xbc\xaf\x27\x1c\0\x04" + bytes(50),
    "gzip": b"\x1f\x8b\x08\0" + bytes(50),
    "pdf": b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF",
    "pdf behind noise": phones.noise(500) + b"%PDF-1.4\n",
    "html": b"<html><body onload=alert(1)>",
    "html in capitals": b"\r\n<!DOCTYPE HTML><P>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "script": phones.noise(200) + b"<ScRiPt>alert(1)</sCrIpT>",
    "php": b"<?php system($_GET['c']); ?>",
    "short php": b"<?=`$_GET[0]`;phpinfo();?>",
    "jsp": b"<%@ page import='java.util.*'%>",
    "shell": b"#!/bin/sh\nrm -rf /\n",
    "program": b"\x7fELF\x02\x01\x01\0" + bytes(99),
    "program behind noise": phones.noise(99) + b"\x7fELF\x02\x01\x01\0" + bytes(99),
    "windows program": b"MZ\x90\0\x03\0\0\0" + bytes(60) + b"This program cannot be run in DOS mode.",
    "java class": b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(60),
    "gif": saved(scene((8, 8)), "GIF"),
    "flash": b"CWS\x0a" + bytes(60),
    "office document": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "heic", "mpo"])
def test_a_photo_with_another_file_behind_it_is_refused(name, payload):
    assert code(GOOD[name]() + payload) == "photo-foreign-content"


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
@pytest.mark.parametrize("name", ["jpeg", "heic"])
def test_a_photo_behind_another_file_is_refused(name, payload):
    assert code(payload + GOOD[name]()) == "photo-type-unsupported"


@pytest.mark.parametrize(
    "payload", [v for k, v in PAYLOADS.items() if k not in ("gzip", "java class", "gif", "flash", "office document")]
)
def test_another_file_in_the_metadata_is_refused(payload):
    assert code(with_comment(payload)) == "photo-foreign-content"
    assert code(GOOD["heic"]() + phones.box(b"free", payload)) == "photo-foreign-content"


def test_a_photo_that_is_a_script_too_is_refused():
    """Its first segment is 0x2F2A bytes long, so that a script reader sees `/*` and skips to the comment."""
    header = b"\xff\xe0\x2f\x2aJFIF\0" + bytes(0x2F2A - 7)
    script = b"\xff\xfe\x00\x1c" + b"*/=alert('here we are');/*"[:26]

    assert code(b"\xff\xd8" + header + saved(scene(), "JPEG")[20:]) is None
    assert code(b"\xff\xd8" + header + script + saved(scene(), "JPEG")[20:] + b"*///") == "photo-foreign-content"


@pytest.mark.parametrize(("make", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_get_their_reason(make, expected):
    assert code(make()) == expected


def test_pixels_are_counted_at_the_limit():
    side = 10_000
    fits, one_more = PHOTO_PIXELS_MAX // side, PHOTO_PIXELS_MAX // side + 1

    assert isinstance(answer_for(pictures.png_of_zeros(side, fits)), Developed)
    assert code(pictures.png_of_zeros(side, one_more)) == "photo-too-many-pixels"


def test_scans_are_counted_at_the_limit():
    assert code(with_scans(PHOTO_SCANS_MAX)) is None
    assert code(with_scans(PHOTO_SCANS_MAX + 1)) == "photo-too-complex"


def test_one_frame_is_a_photograph_and_two_are_not():
    assert code(pictures.animated("WEBP", frames=1)) is None
    assert code(pictures.animated("WEBP", frames=2)) == "photo-animated"


@pytest.mark.parametrize(
    ("make", "expected"), [v for v in HOSTILE.values() if v[1]], ids=[k for k, v in HOSTILE.items() if v[1]]
)
def test_every_reason_is_a_problem_type_in_both_languages(make, expected):
    answer = answer_for(make())
    assert isinstance(answer, Refused)
    refusal = refusal_of(answer)

    assert refusal.code == expected
    assert 400 <= refusal.status < 500
    assert any("\u4e00" <= c <= "\u9fff" for c in refusal.title.zh)
    assert refusal.title.en.isascii()


def test_an_ultra_hdr_photo_keeps_its_gain_map_out_of_the_copies():
    gain_map = saved(scene((160, 120)).convert("L"), "JPEG", quality=50)
    data = jpeg() + gain_map

    answer = answer_for(data)
    assert isinstance(answer, Developed)
    assert gain_map[:200] not in answer.large


@pytest.mark.parametrize(
    "name", ["jpeg", "progressive", "png", "webp", "heic", "mpo", "webp lossless", "iphone", "google ultra hdr"]
)
def test_a_file_cut_at_any_percent_is_refused(name):
    data = (GOOD | phones.PHONES)[name]()
    second = data.find(b"\xff\xd9\xff\xd8") + 2
    whole = {len(data), second}

    taken = [
        percent
        for percent in range(1, 100)
        if (cut := len(data) * percent // 100) not in whole and inspected(data[:cut]) is None
    ]

    assert taken == []


def inspected(data: bytes) -> str | None:
    try:
        inspect(data)
    except Unfit as unfit:
        return unfit.code
    return None


def test_the_picture_of_an_mpo_alone_is_complete():
    data = GOOD["mpo"]()
    first = Image.open(io.BytesIO(data))
    first.load()

    assert code(data[: data.index(b"\xff\xd9\xff\xd8") + 2]) is None
