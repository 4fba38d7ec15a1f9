"""What the decoding child writes back: a developed photograph or the reason it is refused."""

import msgspec

from media.facts import CameraFacts
from media.likeness_bits import Likeness


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """A rectangle to burn in, as parts (0 to 1) of the upright picture's width and height."""

    left: float
    top: float
    width: float
    height: float


class Developed(msgspec.Struct, frozen=True, kw_only=True, tag="developed"):
    """What becomes of an acceptable file."""

    format: str  # JPEG | PNG | WEBP | HEIF
    width: int  # upright
    height: int
    facts: CameraFacts
    likeness: Likeness
    large: bytes  # JPEG, longer side at most 1600 px
    small: bytes  # JPEG, longer side at most 320 px
    large_size: tuple[int, int]
    small_size: tuple[int, int]


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """Why a file is not acceptable: the code of a refusal in `media.refusals`, and a note for operators."""

    code: str
    note: str = ""
    limit: int | None = None
    found: int | None = None


Answer = Developed | Refused
