"""A body on its way in: streamed to an unnamed file on disk, hashed, counted, stopped at the limit as it streams."""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from typing import BinaryIO

from media.intake import Received
from media.limits import PHOTO_BYTES_MAX
from media.refusals import PhotoEmpty, PhotoTooLarge


class Receiver:
    """Collects one file piece by piece. Close it when done: the file vanishes then."""

    def __init__(self) -> None:
        """Opens an unnamed file on disk, readable by this process only."""
        self.file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self.byte_size = 0
        self._hash = hashlib.sha256()

    def add(self, piece: bytes | bytearray | memoryview) -> None:
        """Writes a piece; raises `PhotoTooLarge` as soon as the limit is passed."""
        self.byte_size += len(piece)
        if self.byte_size > PHOTO_BYTES_MAX:
            raise PhotoTooLarge(field="file", facts={"limit": PHOTO_BYTES_MAX})
        self._hash.update(piece)
        self.file.write(piece)

    def done(self) -> Received:
        """The complete file; raises `PhotoEmpty`."""
        if not self.byte_size:
            raise PhotoEmpty(field="file")
        self.file.flush()
        return Received(file=self.file, byte_size=self.byte_size, sha256=self._hash.digest())

    def close(self) -> None:
        """Gives the disk space back."""
        self.file.close()


async def receive(pieces: AsyncIterator[bytes]) -> Receiver:
    """A receiver filled from a stream; raises `PhotoTooLarge` while it streams."""
    receiver = Receiver()
    try:
        async for piece in pieces:
            receiver.add(piece)
    except BaseException:
        receiver.close()
        raise
    return receiver
