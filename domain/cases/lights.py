"""Amber at 70 % of a limit, red at 100 %. Pure: the clock and the present are arguments."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from domain.cases.clocks import Clock


class Light(StrEnum):
    """How a clock stands."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


def light_of(clock: Clock, *, now: datetime) -> Light:
    """The light now, or at the moment the clock stopped or began to rest."""
    moment = clock.ended_at or (clock.resting.start if clock.resting else now)
    if moment >= clock.due_at:
        return Light.RED
    return Light.AMBER if moment >= clock.amber_at else Light.GREEN


def next_change(clocks: Iterable[Clock], *, now: datetime) -> datetime | None:
    """The next moment at which a running clock changes its light; None when none will."""
    moments = [
        moment
        for clock in clocks
        if clock.ended_at is None and clock.resting is None
        for moment in (clock.amber_at, clock.due_at)
        if moment > now
    ]
    return min(moments, default=None)
