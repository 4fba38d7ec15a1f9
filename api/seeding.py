"""What the fictitious district contains: each room brings its part and a line here.

A part is idempotent, runs in one transaction of its own making, and answers with one line for people.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from api.parts import Parts
from domain.kernel import database
from domain.operators import demonstration

Part = Callable[[Parts, datetime], Awaitable[str]]


async def officers(parts: Parts, now: datetime) -> str:
    """Two officers with published passwords."""
    async with database.transaction():
        made = await demonstration.seed(parts.settings, now=now)
    return f"officers: {made} new"


PARTS: tuple[Part, ...] = (officers,)


async def seed(parts: Parts, *, now: datetime) -> list[str]:
    """Brings every part in, in order; repeating changes nothing."""
    return [await part(parts, now) for part in PARTS]
