"""A Merkle tree as in RFC 6962: leaf = SHA-256(0x00 | data), node = SHA-256(0x01 | left | right)."""

from collections.abc import Sequence
from hashlib import sha256

import msgspec

EMPTY = sha256(b"").digest()


class Step(msgspec.Struct, frozen=True):
    """One sibling on the way to the root and the side it stands on: `L` or `R`."""

    side: str
    hash: str  # hex


def leaf(data: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    """The next level; a last one without a partner rises as it is."""
    pairs = [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes; that of an empty list is the hash of nothing."""
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else EMPTY


def path(leaves: Sequence[bytes], index: int) -> list[Step]:
    """What somebody who holds leaf `index` needs to reach the root."""
    steps, level = [], list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            steps.append(Step("L" if sibling < index else "R", level[sibling].hex()))
        level, index = _above(level), index // 2
    return steps


def climb(start: bytes, steps: Sequence[Step]) -> bytes:
    """The root that a leaf hash and its path lead to."""
    for step in steps:
        other = bytes.fromhex(step.hash)
        start = node(other, start) if step.side == "L" else node(start, other)
    return start
