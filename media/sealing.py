"""Originals are sealed in chunks, so that no process ever holds more than one chunk twice.

A sealed file is a row of `length (4 bytes) | sealed chunk`. The context of each chunk names the photograph, its number
and whether it is the last one: chunks cannot be reordered, dropped, cut off or moved to another photograph.
"""

from collections.abc import Iterator
from typing import BinaryIO
from uuid import UUID

from domain.kernel.crypto import KeyRing, SealBroken

CHUNK_BYTES = 1024 * 1024
LENGTH_BYTES = 4
OVERHEAD_BYTES_MAX = 300  # key id, nonce and tag of one chunk


def _context(photo: UUID, number: int, *, last: bool) -> str:
    return f"photo:{photo}:{number}:{'last' if last else 'more'}"


def seal_file(source: BinaryIO, target: BinaryIO, *, ring: KeyRing, photo: UUID) -> None:
    """Reads `source` from its start and writes the sealed form to `target`."""
    source.seek(0)
    number, chunk = 0, source.read(CHUNK_BYTES)
    while True:
        following = source.read(CHUNK_BYTES)
        sealed = ring.seal(chunk, context=_context(photo, number, last=not following))
        target.write(len(sealed).to_bytes(LENGTH_BYTES, "big") + sealed)
        if not following:
            return
        number, chunk = number + 1, following


def open_file(source: BinaryIO, *, ring: KeyRing, photo: UUID) -> Iterator[bytes]:
    """The clear chunks of a sealed file; raises `SealBroken` when anything was changed."""
    number, sealed = 0, _chunk(source)
    while sealed is not None:
        following = _chunk(source)
        yield ring.open(sealed, context=_context(photo, number, last=following is None))
        number, sealed = number + 1, following
    if number == 0:
        raise SealBroken("an empty file")


def _chunk(source: BinaryIO) -> bytes | None:
    head = source.read(LENGTH_BYTES)
    if not head:
        return None
    length = int.from_bytes(head, "big")
    if len(head) < LENGTH_BYTES or length > CHUNK_BYTES + OVERHEAD_BYTES_MAX:
        raise SealBroken("a broken length")
    sealed = source.read(length)
    if len(sealed) < length:
        raise SealBroken("a chunk is cut off")
    return sealed
