"""What the fictitious district contains: each room brings its part and a line here.

A part is idempotent, runs in one transaction of its own making, and answers with one line for people.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from api.parts import Parts

Part = Callable[[Parts, datetime], Awaitable[str]]

PARTS: tuple[Part, ...] = ()


async def seed(parts: Parts, *, now: datetime) -> list[str]:
    """Brings every part in, in order; repeating changes nothing."""
    return [await part(parts, now) for part in PARTS]
