"""JPEG: a walk from marker to marker, from SOI to EOI."""

import re

from media.formats.layout import Layout, Unfit, malformed, truncated
from media.limits import PHOTO_PARTS_MAX, PHOTO_SCANS_MAX

SOI, EOI, SOS, TEM, DNL = 0xD8, 0xD9, 0xDA, 0x01, 0xDC
RESTARTS = range(0xD0, 0xD8)
FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
LABELLED = frozenset(range(0xE0, 0xF0)) | {0xFE}  # APPn and comments
AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # the next marker behind entropy-coded data
MARKER = re.compile(rb"\xff+([^\x00\xff])")  # any number of fill bytes may stand before the code
STRAY = -1  # bytes between two segments: some cameras miscount; decoders skip them
SEGMENTS_MAX = 2_000
EXIF_HEADER = b"Exif\0\0"


class Walk:
    """One JPEG stream inside `data`, starting at `start`. After `run`, `end` is the offset behind its EOI."""

    def __init__(self, data: bytes, start: int = 0) -> None:
        """Nothing is read yet."""
        self.data, self.end = data, start
        self.labelled: list[tuple[int, int, int]] = []  # (marker, start, end) of the contents of APPn and comments
        self.size: tuple[int, int] | None = None
        self.scans = 0
        self.segments = 0

    def run(self) -> None:
        """Walks to the end; raises `Unfit`."""
        if self.data[self.end : self.end + 2] != b"\xff\xd8":
            raise malformed("no start of image")
        self.end += 2
        while (marker := self._marker()) != EOI:
            if marker == TEM or marker in RESTARTS:
                continue
            if marker == SOI:
                raise malformed("a second start of image")
            self._segment(marker)
        if self.size is None or not self.scans:
            raise malformed("no picture between start and end")

    def _marker(self) -> int:
        found = MARKER.search(self.data, self.end)
        if found is None:
            raise truncated("ends between segments")
        if found.start() != self.end:
            self.labelled.append((STRAY, self.end, found.start()))
        self.end = found.end()
        return found[1][0]

    def _segment(self, marker: int) -> None:
        self.segments += 1
        if self.segments > SEGMENTS_MAX:
            raise Unfit("photo-too-complex", "segments", limit=SEGMENTS_MAX, found=self.segments)
        start = self.end + 2
        if start > len(self.data):
            raise truncated("ends inside a segment header")
        length = int.from_bytes(self.data[self.end : start], "big")
        if length < 2:
            raise malformed("segment length")
        self.end = start + length - 2
        if self.end > len(self.data):
            raise truncated("ends inside a segment")
        if marker in LABELLED:
            self.labelled.append((marker, start, self.end))
        elif marker in FRAME_HEADERS:
            self._frame(start)
        elif marker == SOS:
            self._scan()

    def _frame(self, start: int) -> None:
        if self.size is not None or self.end - start < 6:
            raise malformed("frame header")
        height = int.from_bytes(self.data[start + 1 : start + 3], "big")
        width = int.from_bytes(self.data[start + 3 : start + 5], "big")
        if not (height and width):
            raise malformed("empty frame")
        self.size = width, height

    def _scan(self) -> None:
        if self.size is None:
            raise malformed("scan before frame header")
        self.scans += 1
        if self.scans > PHOTO_SCANS_MAX:
            raise Unfit("photo-too-complex", "scans", limit=PHOTO_SCANS_MAX, found=self.scans)
        found = AFTER_SCAN.search(self.data, self.end)
        if found is None:
            raise truncated("no end of image")
        self.end = found.start()

    def exif(self) -> tuple[int, int] | None:
        """The first EXIF block, without its `Exif` label."""
        for marker, start, end in self.labelled:
            if marker == 0xE1 and self.data[start : start + 6] == EXIF_HEADER:
                return start + 6, end
        return None


def read(data: bytes) -> Layout:
    """The layout of a JPEG file; raises `Unfit`."""
    walk = Walk(data)
    walk.run()
    assert walk.size is not None
    return Layout(
        format="JPEG",
        width=walk.size[0],
        height=walk.size[1],
        frames=1,
        end=walk.end,
        metadata=tuple((start, end) for _, start, end in walk.labelled),
        exif=walk.exif(),
    )


assert SEGMENTS_MAX < PHOTO_PARTS_MAX
