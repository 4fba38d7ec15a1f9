"""What anybody can read without signing in."""

from api.demo.cast import Cast
from api.demo.checks import Missed


async def everybody(cast: Cast, facts: list[str]) -> None:
    """The report without anything personal, a penalty, a river with its class, an enterprise's rating."""
    raise Missed("not told yet")
