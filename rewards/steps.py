"""Steps from WeRun: each local day has one row that only grows, and each increase is one claim.

The caller has decrypted the data with the session key of the resident's own WeChat login and checked its watermark.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from domain.kernel import clock, database, settings
from domain.kernel.clock import DISTRICT_ZONE
from domain.kernel.ids import new_id
from rewards import behaviours, claims
from rewards.behaviours import BEHAVIOURS
from rewards.claims import NewClaim, Taken

DAYS_BACK = 30  # WeRun tells 31 days
STEPS_MAX = 100_000
SAMPLES_MAX = 48
NIGHT_HOURS = range(5)  # midnight to five, local
NIGHT_STEPS_PER_HOUR = 5_000  # a shaking machine does 6,000 to 9,000
NIGHT_SPAN_H = 3.0


class StepsOfDay(msgspec.Struct, frozen=True):
    """The day's total as WeRun tells it."""

    day: date
    steps: int


def days_of(told: Sequence[dict[str, int]], *, now: datetime) -> list[StepsOfDay]:
    """The days of a `stepInfoList` that may count: local days, none in the future, none older than `DAYS_BACK`."""
    today = clock.local_day(now)
    days: dict[date, int] = {}
    for entry in told:
        day = datetime.fromtimestamp(entry["timestamp"], DISTRICT_ZONE).date()
        if today - timedelta(days=DAYS_BACK) <= day <= today:
            days[day] = max(days.get(day, 0), min(max(entry["step"], 0), STEPS_MAX))
    return [StepsOfDay(day, steps) for day, steps in sorted(days.items()) if steps]


def like_a_machine(samples: Sequence[tuple[float, int]]) -> bool:
    """Whether steps ran flat at more than a shaker's pace through three hours of one night."""
    night = [(at, steps) for at, steps in samples if datetime.fromtimestamp(at, DISTRICT_ZONE).hour in NIGHT_HOURS]
    for i, (start, low) in enumerate(night):
        for end, high in night[i + 1 :]:
            hours = (end - start) / 3600
            if hours >= NIGHT_SPAN_H and high - low > NIGHT_STEPS_PER_HOUR * hours:
                return True
    return False


def credited(steps: int, day: date) -> Decimal:
    """The grams that `steps` are worth on that day, to the milligram: what earlier syncs have claimed already."""
    inputs = {"steps": Decimal(steps), "credited_grams": Decimal(0)}
    told = behaviours.result(BEHAVIOURS["walk"], inputs=inputs, day=day, region=settings.current().grid_region)
    return Decimal(told.milligrams) / 1000


async def take(account: UUID, days: Sequence[StepsOfDay], *, now: datetime) -> list[Taken]:
    """Claims the increase of each day, in the caller's transaction; the same totals again claim nothing."""
    new = [claim for told in days for claim in [await _increase(account, told, now=now)] if claim is not None]
    return await claims.take(new, now=now)


async def _increase(account: UUID, told: StepsOfDay, *, now: datetime) -> NewClaim | None:
    await database.execute(
        "insert into step_day (id, account, day, steps, samples) values ($1, $2, $3, 0, '[]')"
        " on conflict (account, day) do nothing",
        new_id(),
        account,
        told.day,
    )
    row = await database.fetch_row(
        "select steps, samples from step_day where account = $1 and day = $2 for update", account, told.day
    )
    before = row["steps"] if row else 0
    if told.steps <= before:
        return None
    samples = [*msgspec.json.decode(row["samples"] if row else "[]"), [now.timestamp(), told.steps]][-SAMPLES_MAX:]
    await database.execute(
        "update step_day set steps = $3, samples = $4::jsonb where account = $1 and day = $2",
        account,
        told.day,
        told.steps,
        msgspec.json.encode(samples).decode(),
    )
    today = told.day == clock.local_day(now)
    doubt = {"doubt": "steps-at-night"} if today and like_a_machine([(at, steps) for at, steps in samples]) else {}
    start = datetime.combine(told.day, time(), DISTRICT_ZONE)
    return NewClaim(
        account=account,
        behaviour=BEHAVIOURS["walk"],
        proof="werun",
        source="werun",
        external_id=f"{account}/{told.day}/{told.steps}",
        feed="werun",
        from_at=start,
        to_at=min(start + timedelta(days=1, seconds=-1), max(now, start)),
        inputs={"steps": Decimal(told.steps), "credited_grams": credited(before, told.day)},
        detail=doubt,
    )
