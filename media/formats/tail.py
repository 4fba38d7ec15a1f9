"""What stands behind a picture: gain and depth maps, further pictures, a motion photo's video, makers' blocks, padding.

Phones append all of that, and new models append new things. So a tail is not understood but left alone: no decoder sees
it, no copy carries it. It is refused only where it would make the file something else than a photograph, or where a
further picture breaks off, which means that the upload did.
"""

import re

from media.formats import polyglot
from media.formats.jpeg import Walk
from media.formats.layout import Unfit, foreign

PICTURES_MAX = 8
PADDING = re.compile(rb"[\0\xff\s]*")
PICTURE_PADDING = re.compile(rb"\0*")
SIGNATURES = (  # kinds of file no phone puts there; those that work at any offset are found by `polyglot`
    b"PK", b"MZ", b"\x7fELF", b"#!", b"%!PS", b"%PDF", b"GIF8", b"\x89PNG", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ",
    b"\xd0\xcf\x11\xe0", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"MSCF", b"dex\n", b"!<arch>", b"SQLite",
    b"CWS", b"FWS", b"OggS", b"ID3",
)  # fmt: skip


def check(data: bytes, start: int) -> None:
    """Raises `Unfit` when the bytes from `start` on are another kind of file, or a second picture cut short."""
    at = PADDING.match(data, _behind_pictures(data, start)).end()  # type: ignore[union-attr]
    if data.startswith(SIGNATURES, at):
        raise foreign("another kind of file behind the picture")
    polyglot.check_span(data, start, len(data))


def _behind_pictures(data: bytes, at: int) -> int:
    """The offset behind the complete JPEGs that follow; raises `Unfit` for one that ends too early."""
    for _ in range(PICTURES_MAX):
        begin = PICTURE_PADDING.match(data, at).end()  # type: ignore[union-attr]
        if data[begin : begin + 3] != b"\xff\xd8\xff":
            return at
        walk = Walk(data, begin)
        try:
            walk.run()
        except Unfit as unfit:
            if unfit.code == "photo-truncated":
                raise
            return begin
        at = walk.end
    return at
