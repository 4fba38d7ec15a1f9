"""Duties with clocks: a penalty is published within 7 working days, a void one withdrawn within 3, a month by its day.

A duty is a row until it is settled; amber at 70 % of its time, red from the day after the due day. The light warns the
unit once each; the chore only finds what has turned.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

import msgspec

from domain.disclosure import reading
from domain.disclosure.catalogue import DATASETS
from domain.disclosure.catalogue_reading import known_rows
from domain.disclosure.dataset import Dataset, Row
from domain.disclosure.datasets.sections import SECTIONS
from domain.disclosure.events import EntryPublished, EntryTakenDown, PublicationLate
from domain.disclosure.periods import PUBLISHED_WITHIN_WORKING_DAYS, WITHDRAWN_WITHIN_WORKING_DAYS
from domain.kernel import audit, calendar, clock, database, outbox
from domain.kernel.events import Ticked
from domain.kernel.ids import new_id
from domain.kernel.redaction import redact

AMBER_SHARE = 0.7
MONTH_DUE_DAY = 20  # of the following month; our policy, not from a text
LIST_MAX = 500
NOTED_MAX = 500  # rows of one file; a bigger one is a first filling, not daily work
Light = Literal["green", "amber", "red"]
Duty = Literal["publish", "withdraw"]


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """One duty and its light. `reason` says why an entry has to be withdrawn."""

    duty: Duty
    reason: str | None
    dataset: str
    subject: str
    unit: str
    started_on: date
    due_on: date
    provisional: bool
    light: Light


def light_for(*, started_on: date, due_on: date, today: date) -> Light:
    """Red after the due day, amber from 70 % of the time."""
    if today > due_on:
        return "red"
    amber_on = started_on + timedelta(days=round((due_on - started_on).days * AMBER_SHARE))
    return "amber" if today >= amber_on else "green"


async def open_due(
    *,
    dataset: str,
    subject: str,
    unit: str,
    started_on: date,
    due: calendar.DueDay,
    duty: Duty = "publish",
    reason: str | None = None,
) -> None:
    """Notes a duty, in the caller's transaction; the same duty twice is one."""
    await database.execute(
        "insert into disclosure_due (id, duty, reason, dataset, subject, unit, started_on, due_on, provisional)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing",
        new_id(),
        duty,
        reason,
        dataset,
        subject,
        unit,
        started_on,
        due.day,
        int(due.provisional),
    )


async def order_withdrawal(dataset: Dataset, key: str, *, reason: str, ordered_on: date, by: str, now: datetime) -> Due:
    """A published decision was changed, revoked, or found unlawful or void: it has to go within 3 working days.

    In the caller's transaction; withdrawing the entry settles it. Raises `NotFound` for an entry that is not shown.
    """
    row = msgspec.json.decode(await reading.one(dataset, key, today=clock.local_day(now)))
    due = (await calendar.load()).add_working_days(ordered_on, WITHDRAWN_WITHIN_WORKING_DAYS)
    unit = str(row.get(dataset.due_unit, ""))[:60]
    await open_due(
        dataset=dataset.name,
        subject=key,
        unit=unit,
        started_on=ordered_on,
        due=due,
        duty="withdraw",
        reason=redact(reason).text,
    )
    await audit.append(
        actor=by, action="disclosure.withdrawal-ordered", subject=f"{dataset.name}:{key}"[:120], at=now,
        detail={"due": due.day},
    )  # fmt: skip
    found = await database.fetch_row(
        "select * from disclosure_due where dataset = $1 and subject = $2 and duty = 'withdraw' and settled_on is null",
        dataset.name,
        key,
    )
    return _due(found, today=clock.local_day(now))


async def note_rows(dataset: Dataset, rows: Sequence[Row]) -> None:
    """Rows an officer brought have to be public by their day; publishing them settles it."""
    if not dataset.due_from:
        return
    days = await calendar.load()
    dated = [row for row in rows if row.get(dataset.due_from)]  # a file may lack the column: that is found elsewhere
    for row in dated[:NOTED_MAX]:
        started_on = date.fromisoformat(row[dataset.due_from])
        due = days.add_working_days(started_on, PUBLISHED_WITHIN_WORKING_DAYS)
        unit = str(row.get(dataset.due_unit, ""))[:60]
        await open_due(dataset=dataset.name, subject=dataset.key_of(row), unit=unit, started_on=started_on, due=due)


async def settle(event: EntryPublished, /, *, event_id: int, at: datetime) -> None:
    """What was published is no duty any more."""
    await _settle("publish", event.dataset, event.key, today=clock.local_day(at))


async def settle_withdrawal(event: EntryTakenDown, /, *, event_id: int, at: datetime) -> None:
    """What is gone need not be withdrawn."""
    await _settle("withdraw", event.dataset, event.key, today=clock.local_day(at))


async def _settle(duty: Duty, dataset: str, subject: str, *, today: date) -> None:
    await database.execute(
        "update disclosure_due set settled_on = $4"
        " where duty = $1 and dataset = $2 and subject = $3 and settled_on is null",
        duty,
        dataset,
        subject,
        today,
    )


async def open_dues(*, today: date) -> list[Due]:
    """Open duties, the most urgent first."""
    rows: Sequence[Any] = await database.fetch(
        f"select * from disclosure_due where settled_on is null order by due_on, subject limit {LIST_MAX}"
    )
    return [_due(row, today=today) for row in rows]


def _due(row: Any, *, today: date) -> Due:
    return Due(
        duty=row["duty"],
        reason=row["reason"],
        dataset=row["dataset"],
        subject=row["subject"],
        unit=row["unit"],
        started_on=row["started_on"],
        due_on=row["due_on"],
        provisional=bool(row["provisional"]),
        light=light_for(started_on=row["started_on"], due_on=row["due_on"], today=today),
    )


async def watch(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Daily: notes the months that are due now, and warns about every light that has turned."""
    if event.every != "day":
        return
    today = clock.local_day(event.at)
    await note_months(today)
    for due in await open_dues(today=today):
        if due.light != "green" and await _turn(due, at=event.at):
            await outbox.record(
                PublicationLate(
                    dataset=due.dataset, subject=due.subject, unit=due.unit, light=due.light, duty=due.duty
                ),
                at=at,
            )


async def _turn(due: Due, *, at: datetime) -> bool:
    column = "amber_at" if due.light == "amber" else "red_at"
    tag = await database.execute(
        f"update disclosure_due set {column} = $4"
        f" where duty = $1 and dataset = $2 and subject = $3 and settled_on is null and {column} is null",
        due.duty,
        due.dataset,
        due.subject,
        at,
    )
    return tag == "UPDATE 1"


async def note_months(today: date) -> None:
    """Last month's values of every section, unless they are public already."""
    last = today.replace(day=1) - timedelta(days=1)
    month, due = f"{last:%Y-%m}", calendar.DueDay(today.replace(day=MONTH_DUE_DAY), provisional=False)
    table = DATASETS["river-water"].tablename
    done = {
        row["section"]
        for row in await database.fetch(
            f"select section from {table} where month = $1 and superseded_at is null and state = 'public'", month
        )
    }
    for code, section in (await known_rows(SECTIONS, by="code")).items():
        if section["kind"] == "section" and section.get("unit") and code not in done:
            await open_due(
                dataset="river-water",
                subject=f"{code}|{month}",
                unit=section["unit"],
                started_on=last + timedelta(days=1),
                due=due,
            )
