"""The shape of a behaviour. One file in `rewards/actions` holds one."""

from typing import Literal

import msgspec

from domain.kernel.errors import Text
from rewards.methods import Method

Proof = Literal["provider", "werun", "photo", "attendance", "report", "invitation"]
Trust = Literal["A", "B", "C"]
TRUST: dict[Proof, Trust] = {  # A: another machine saw it; B: a person in charge confirmed it; C: the resident says so
    "provider": "A",
    "report": "A",
    "werun": "B",
    "attendance": "B",
    "invitation": "B",
    "photo": "C",
}
REVIEWED: frozenset[Trust] = frozenset({"C"})  # held until somebody looked


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """The most one verified person earns from a behaviour in a local day or month: times, milligrams or points."""

    period: Literal["day", "month"]
    of: Literal["times", "mg", "points"]
    limit: int


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """A green behaviour: what proves it, how it is computed, how often it counts."""

    code: str
    title: Text
    field: str  # for grouping in the app
    proofs: tuple[Proof, ...]
    methods: tuple[Method, ...]  # released versions, oldest first; never edited
    caps: tuple[Cap, ...]
    occupies_time: bool = False  # two of these cannot overlap for one person
    speed_max_kmh: int | None = None
    service: bool = False  # its hours are service minutes as well
    held_days: int = 0  # points wait this long before they are posted
