"""How long a river chief has for an answer, by level: a setting of the district, in working days."""

from collections.abc import Mapping
from datetime import date

from domain.kernel import calendar, settings

LEVELS_UP = ("village", "township", "county", "city", "province")
ANSWER_WORKING_DAYS = 5  # of a level that the setting leaves out; our policy, not from a text


def answer_days(setting: str) -> Mapping[str, int]:
    """Working days by level from `5` or `village=3,township=5`; raises ValueError for anything else."""
    if setting.strip().isdecimal():
        return dict.fromkeys(LEVELS_UP, int(setting))
    pairs = dict(part.split("=", 1) for part in setting.split(",") if part)
    if unknown := set(pairs) - set(LEVELS_UP):
        raise ValueError(f"unknown levels {sorted(unknown)}")
    return dict.fromkeys(LEVELS_UP, ANSWER_WORKING_DAYS) | {level: int(days) for level, days in pairs.items()}


async def due_day(level: str, *, today: date) -> date:
    """By when a chief of this level answers a message that arrives today."""
    days = answer_days(settings.current().chief_answer_days)[level]
    return (await calendar.load()).add_working_days(today, days).day
