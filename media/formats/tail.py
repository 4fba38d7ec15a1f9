"""What phones append behind a JPEG: further JPEGs (MPO, gain maps), a motion photo's video, Samsung's trailer, padding.

Every byte must be explained by one of these structures. What is not is foreign content, except for the unpublished
binary blocks (depth maps, raw frames) of the makers below, as long as they look like no other kind of file.
"""

from media.formats import boxes, polyglot
from media.formats.jpeg import Walk
from media.formats.layout import Unfit, foreign, truncated

PICTURES_MAX = 8
OPAQUE_MAKERS = (
    b"huawei",
    b"honor",
    b"xiaomi",
    b"redmi",
    b"vivo",
    b"oppo",
    b"oneplus",
    b"realme",
    b"htc",
    b"blackberry",
)
READABLE_SHARE_MAX = 0.8
SIGNATURES = (
    b"PK", b"Rar!", b"7z\xbc\xaf", b"%PDF", b"%!PS", b"MZ", b"\x7fELF", b"GIF8", b"<", b"#!", b"{",
    b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\xd0\xcf\x11\xe0", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"RIFF",
    b"OggS", b"ID3", b"SQLite", b"\x89PNG", b"CWS", b"FWS", b"\xff\xd8", b"dex\n", b"!<arch>",
)  # fmt: skip
MOTION_LABELS = (b"MotionPhoto", b"MicroVideo", b"Motion_Photo", b"MotionVideo")
SEF_END, SEF_DIRECTORY = b"SEFT", b"SEFH"
SEF_ENTRY_BYTES = 12
LIVE_TRAILER_BYTES_MAX = 64  # the text some phones write behind the video of a live photo


def check(data: bytes, start: int, *, metadata: bytes) -> None:
    """Raises `Unfit` unless every byte from `start` on is explained. `metadata` is the picture's own, joined."""
    try:
        _explain(data, start, metadata=metadata)
    except Unfit as unfit:
        opaque = unfit.code == "photo-foreign-content" and any(maker in metadata.lower() for maker in OPAQUE_MAKERS)
        if not opaque or _looks_like_another_file(data[start:]):
            raise


def _looks_like_another_file(tail: bytes) -> bool:
    """Whether the bytes begin as, or hold, a known kind of file or text."""
    head = tail.lstrip(b"\0\xff")[:256]
    readable = sum(0x20 <= byte < 0x7F or byte in b"\t\r\n" for byte in head)
    if not head or readable > len(head) * READABLE_SHARE_MAX or head.startswith(SIGNATURES):
        return bool(head)
    lower = tail.lower()
    return any(mark.lower() in lower for mark in (*polyglot.SCRIPTS, *polyglot.PROGRAMS, b"PK\3\4", b"%PDF-"))


def _explain(data: bytes, start: int, *, metadata: bytes) -> None:
    end = _before_samsung_trailer(data, start)
    at = _pictures(data, start, end)
    if data[at:end].startswith(b"\0\0\0") and data[at + 4 : at + 8] == b"ftyp":
        samsung = end != len(data)
        if not samsung and not any(label in metadata for label in MOTION_LABELS) and not _live(data, at, end):
            raise foreign("a video nobody announced")
        at = _video(data, at, end)
    if data[at:end].strip(b"\0"):
        raise foreign(f"{end - at} bytes behind the picture")


def _pictures(data: bytes, at: int, end: int) -> int:
    """Skips complete JPEG streams and the padding before them; returns the offset behind the last one."""
    for _ in range(PICTURES_MAX):
        while at < end and data[at] == 0 and not _video_begins(data, at):
            at += 1
        if data[at : at + 2] != b"\xff\xd8":
            return at
        walk = Walk(data[:end] if end != len(data) else data, at)
        try:
            walk.run()
        except Unfit as unfit:
            if unfit.code == "photo-truncated":
                raise
            raise foreign("a broken second picture") from unfit
        at = walk.end
    return at


def _video_begins(data: bytes, at: int) -> bool:
    return data[at + 4 : at + 8] == b"ftyp"


def _video(data: bytes, at: int, end: int) -> int:
    """Skips an MP4 file and a live photo's text trailer."""
    limit = end - _live(data, at, end)
    for _, _, stop in boxes.walk(data, at, limit):
        at = stop
    return end if at == limit else at


def _live(data: bytes, at: int, end: int) -> int:
    """Length of the `LIVE_…` text at the very end, 0 when there is none."""
    last = data[max(at, end - LIVE_TRAILER_BYTES_MAX) : end]
    found = last.find(b"LIVE_")
    if found < 0:
        return 0
    while found and 0x20 <= last[found - 1] < 0x7F:
        found -= 1
    return len(last) - found if last[found:].strip(b"\0").isascii() else 0


def _before_samsung_trailer(data: bytes, start: int) -> int:
    """Where Samsung's trailer begins; the end of the file when there is none."""
    if not data.endswith(SEF_END) or len(data) - start < 24:
        return len(data)
    length = int.from_bytes(data[-8:-4], "little")
    directory = len(data) - 8 - length
    if directory < start or data[directory : directory + 4] != SEF_DIRECTORY:
        raise foreign("a broken trailer")
    count = int.from_bytes(data[directory + 8 : directory + 12], "little")
    if length != 12 + count * SEF_ENTRY_BYTES:
        raise foreign("a broken trailer directory")
    spans = []
    for entry in range(directory + 12, directory + length, SEF_ENTRY_BYTES):
        begin = directory - int.from_bytes(data[entry + 4 : entry + 8], "little")
        spans.append((begin, begin + int.from_bytes(data[entry + 8 : entry + 12], "little")))
    return _tiled(sorted(spans), directory, start)


def _tiled(spans: list[tuple[int, int]], directory: int, start: int) -> int:
    """The first offset of blocks that touch each other and end at `directory`."""
    if not spans:
        return directory
    for (_, end), (begin, _) in zip(spans, [*spans[1:], (directory, 0)], strict=True):
        if end != begin:
            raise foreign("a gap in the trailer")
    if spans[0][0] < start:
        raise truncated("the trailer reaches into the picture")
    return spans[0][0]
