"""What a checker of texts or photographs may answer before something becomes public."""

from typing import Literal

import msgspec


class Passed(msgspec.Struct, frozen=True):
    """Nothing to object."""


class NeedsPerson(msgspec.Struct, frozen=True):
    """A person must decide; `risky` means the checker would refuse."""

    suggestion: Literal["review", "risky"]


class Unavailable(msgspec.Struct, frozen=True):
    """Not now; try again."""

    note: str
