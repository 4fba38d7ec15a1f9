"""What the fictitious district contains: each room brings its part and a line here.

A part is idempotent, runs in one transaction of its own making, and answers with one line for people.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from api.parts import Parts
from domain.disclosure import demonstration as disclosed
from domain.enterprises import demonstration as enterprises
from domain.kernel import database
from domain.operators import demonstration
from domain.reports import demonstration as partner

Part = Callable[[Parts, datetime], Awaitable[str]]


async def officers(parts: Parts, now: datetime) -> str:
    """Two officers with published passwords."""
    async with database.transaction():
        made = await demonstration.seed(parts.settings, now=now)
    return f"officers: {made} new"


async def rivers_and_penalties(parts: Parts, now: datetime) -> str:
    """Rivers with two years of water, chiefs, penalties, notices, real station readings."""
    return await disclosed.seed(now)


async def rated_enterprises(parts: Parts, now: datetime) -> str:
    """Enterprises with a published rating of every colour."""
    return await enterprises.seed(now)


async def partner_key(parts: Parts, now: datetime) -> str:
    """A hotline, sensors and an Open311 client under one published API key."""
    async with database.transaction():
        await partner.seed(parts.settings, now=now)
    return f"partner with the API key {partner.KEY}"


PARTS: tuple[Part, ...] = (rivers_and_penalties, rated_enterprises, officers, partner_key)


async def seed(parts: Parts, *, now: datetime) -> list[str]:
    """Brings every part in, in order; repeating changes nothing."""
    return [await part(parts, now) for part in PARTS]
