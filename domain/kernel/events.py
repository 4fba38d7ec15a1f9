"""Facts in the past tense. An event is written in the transaction of the fact itself (see `outbox`).

`EVENTS` maps the wire name (the class name) to the class; events are decoded strictly, so a renamed field is a
visible failure and not a silent null.
"""

from datetime import datetime
from typing import Any, ClassVar, Protocol

import msgspec

EVENTS: dict[str, type["Event"]] = {}


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all events; subclasses repeat `frozen=True, kw_only=True` (mypy does not inherit them)."""

    apart: ClassVar[bool] = False  # each subscriber commits for itself, because they have nothing to do with each other

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Registers the event under its class name."""
        super().__init_subclass__(**kwargs)
        EVENTS[cls.__name__] = cls


class Handler(Protocol):
    """Receives an event inside a transaction and only writes rows (see `domain.kernel.handling`)."""

    async def __call__(self, event: Any, /, *, event_id: int, at: datetime) -> None:
        """`event_id` is the outbox id, unique and stable: use it in keys. `at` is when the fact was recorded."""


class Ticked(Event, frozen=True, kw_only=True):
    """A minute, an hour or a day began (Asia/Shanghai); recorded once by the relay. Chores subscribe to it."""

    apart: ClassVar[bool] = True
    every: str  # "minute" | "hour" | "day"
    at: datetime


def encode(event: Event) -> bytes:
    """The event as JSON."""
    return msgspec.json.encode(event)


def decode(name: str, payload: bytes | str) -> Event:
    """The event called `name`; raises KeyError or msgspec.ValidationError."""
    return msgspec.json.decode(payload, type=EVENTS[name])
