"""Checks of the story: a step that does not see what it must see is missed, with the reason in words."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
POLL_S = 0.1


class Missed(Exception):
    """The story did not go as it must."""


def expect(seen: object, what: str) -> None:
    """Raises `Missed` unless `seen` is true."""
    if not seen:
        raise Missed(what)


async def until(ask: Callable[[], Awaitable[T | None]], *, what: str, within_s: float, every_s: float = POLL_S) -> T:
    """Asks again and again until there is an answer that is not empty; raises `Missed` when time is up."""
    deadline = time.monotonic() + within_s
    while True:
        got = await ask()
        if got:
            return got
        if time.monotonic() > deadline:
            raise Missed(f"{what} did not happen within {within_s:g} s")
        await asyncio.sleep(every_s)
