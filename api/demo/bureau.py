"""The bureau's part: the case platform takes the report and works on it, the officer looks at everything."""

from api.demo.cast import Cast
from api.demo.checks import Missed


async def hand_over(cast: Cast, facts: list[str]) -> None:
    """The sandbox platform received it once, signed, with a pseudonym."""
    raise Missed("not told yet")


async def progress(cast: Cast, facts: list[str]) -> None:
    """The platform's signed updates were applied once and in order."""
    raise Missed("not told yet")


async def officer(cast: Cast, facts: list[str]) -> None:
    """Sign-in with password and time code; the report, its delivery, the audit rows, the raw tables."""
    raise Missed("not told yet")
