"""The 64-bit hashes of a photograph and how far two of them are apart. Pure; `media.likeness` computes them."""

import msgspec

BITS = 64
MASK = (1 << BITS) - 1


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """Signed 64-bit hashes of one photograph, as PostgreSQL's bigint keeps them."""

    whole: int
    mirrored: int
    cropped: int  # a strip taken off every side
    sides: tuple[int, int, int, int]  # a strip taken off the left, the right, the top, the bottom


def distance(one: int, other: int) -> int:
    """How many of the 64 bits differ."""
    return ((one ^ other) & MASK).bit_count()


def signed(number: int) -> int:
    """64 unsigned bits as PostgreSQL's signed bigint."""
    return number - (1 << BITS) if number >> (BITS - 1) else number
