"""Damaged files of fixed seeds: each ends as a photograph or as a reason, in bounded time, and never as a crash."""

import random

import pytest

from media.answers import Developed, Refused
from media.darkroom_child import answer_for
from media.formats.jpeg import Walk
from media.refusals import refusal_of
from tests.builders.pictures import GOOD, SECRET

KINDS = ["jpeg", "progressive", "png", "webp", "webp lossless", "heic", "mpo", "samsung", "png palette"]
ROUNDS = 60


def damaged(data: bytes, *, seed: str) -> bytes:
    """One of: flipped bits, a hole, a doubled piece, random bytes in the first kilobyte, swapped pieces."""
    chance = random.Random(seed)
    copy = bytearray(data)
    kind = chance.randrange(5)
    at, length = chance.randrange(len(copy)), chance.randrange(1, 64)
    if kind == 0:
        for _ in range(chance.randrange(1, 30)):
            copy[chance.randrange(len(copy))] ^= 1 << chance.randrange(8)
    elif kind == 1:
        del copy[at : at + length]
    elif kind == 2:
        copy[at:at] = copy[at : at + length]
    elif kind == 3:
        for _ in range(20):
            copy[chance.randrange(min(1024, len(copy)))] = chance.randrange(256)
    else:
        other = chance.randrange(len(copy))
        copy[at : at + length], copy[other : other + length] = copy[other : other + length], copy[at : at + length]
    return bytes(copy)


@pytest.mark.parametrize("name", KINDS)
def test_damage_ends_as_a_photo_or_as_a_reason(name):
    data = GOOD[name]()
    for round_ in range(ROUNDS):
        answer = answer_for(damaged(data, seed=f"{name}-{round_}"))
        if isinstance(answer, Refused):
            assert 400 <= refusal_of(answer).status < 500, answer
            continue
        assert isinstance(answer, Developed)
        for copy in (answer.large, answer.small):
            walk = Walk(copy)
            walk.run()
            assert walk.end == len(copy)
            assert SECRET not in copy


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "heic"])
def test_damaged_exif_never_loses_the_photo(name):
    data = GOOD[name]()
    block = data.index(b"MM\x00*")
    for round_ in range(ROUNDS):
        chance = random.Random(f"exif-{name}-{round_}")
        copy = bytearray(data)
        for _ in range(chance.randrange(1, 12)):
            copy[block + 8 + chance.randrange(300)] = chance.randrange(256)
        if name == "png":
            copy = with_checksum(bytes(copy))
        answer = answer_for(bytes(copy))

        assert isinstance(answer, Developed), (round_, answer)


def with_checksum(data: bytes) -> bytearray:
    import zlib

    at = data.index(b"eXIf")
    length = int.from_bytes(data[at - 4 : at], "big")
    end = at + 4 + length
    return bytearray(data[:end] + zlib.crc32(data[at:end]).to_bytes(4, "big") + data[end + 4 :])
