"""Objections, replies and requests for repair: each a case of its own with a clock, evidence and an answer."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.enterprises import evidence, life, rule_packs
from domain.enterprises.events import MatterAnswered, MatterLate, MatterOpened
from domain.enterprises.evidence import EvidenceFile
from domain.enterprises.life import Stage, Step
from domain.kernel import calendar, clock, database, outbox
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.events import Ticked
from domain.kernel.ids import new_id

Kind = Literal["objection", "reply", "repair"]
Outcome = Literal["upheld", "declined"]
AMBER_SHARE = 0.7
OPEN_MAX = 500


class MatterRefused(Refusal):
    """This kind of matter is not possible now."""

    code = "matter-refused"
    title = Text("当前不能提交", "Not possible now")
    advice = Text(
        "异议须在公示期内提出；修复须在等级发布后提出；同类事项未答复前不能重复提交。",
        "Object within the publicity period; ask for repair after publication; one open matter of a kind at a time.",
    )


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """A matter as its enterprise and the officers see it."""

    id: UUID
    rating: UUID
    kind: str
    text: str
    evidence: list[EvidenceFile]
    opened_at: datetime
    due_on: date
    provisional: bool
    light: str
    outcome: str | None = None
    answer: str | None = None
    answered_at: datetime | None = None


def _matter(row: Any, *, files: list[EvidenceFile], today: date) -> Matter:
    return Matter(
        id=row["id"],
        rating=row["rating"],
        kind=row["kind"],
        text=row["text"],
        evidence=files,
        opened_at=row["opened_at"],
        due_on=row["due_on"],
        provisional=bool(row["provisional"]),
        light="green"
        if row["answered_at"]
        else light_of(clock.local_day(row["opened_at"]), row["due_on"], today=today),
        outcome=row["outcome"],
        answer=row["answer"],
        answered_at=row["answered_at"],
    )


def light_of(started_on: date, due_on: date, *, today: date) -> str:
    """Amber from 70 % of the time on, red after the due day."""
    if today > due_on:
        return "red"
    amber_on = started_on + timedelta(days=round((due_on - started_on).days * AMBER_SHARE))
    return "amber" if today >= amber_on else "green"


async def open_matter(
    rating_id: UUID, *, kind: Kind, text: str, files: Sequence[UUID], account: UUID, now: datetime
) -> UUID:
    """Opens a matter in the caller's transaction; an objection puts the rating on recheck.

    `files` are evidence that was sent before. Raises `MatterRefused` and what `evidence.claim` refuses.
    """
    rating = await database.fetch_row("select * from enterprise_rating where id = $1 for update", rating_id)
    if rating is None:
        raise NotFound
    today = clock.local_day(now)
    await _require_possible(rating, kind=kind, today=today)
    days = rule_packs.load(rating["pack"]).days
    wait = days.repair_check_working_days if kind == "repair" else days.recheck_working_days
    due = (await calendar.load()).add_working_days(today, wait)
    matter_id = new_id()
    await database.execute(
        "insert into rating_matter (id, rating, kind, opened_by, text, evidence, opened_at, due_on, provisional)"
        " values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9)",
        matter_id,
        rating_id,
        kind,
        account,
        text,
        msgspec.json.encode(list(files)).decode(),
        now,
        due.day,
        int(due.provisional),
    )
    await evidence.claim(files, enterprise=rating["enterprise"], matter=matter_id)
    if kind == "objection" and rating["stage"] == Stage.PUBLICISED:
        step = Step(stage=Stage.RECHECKING, actor="enterprise", basis="企业异议", at=now)
        await life.take(rating_id, step)
    await outbox.record(MatterOpened(matter_id=matter_id, rating_id=rating_id, kind=kind), at=now)
    return matter_id


async def _require_possible(rating: Any, *, kind: str, today: date) -> None:
    stage = Stage(rating["stage"])
    possible = {
        "objection": stage in {Stage.PUBLICISED, Stage.RECHECKING} and today <= rating["objections_until"],
        "reply": stage not in {Stage.COLLECTED, Stage.PRELIMINARY, Stage.EXPIRED},
        "repair": stage in {Stage.PUBLISHED, Stage.ADJUSTED},
    }[kind]
    same = await database.fetch_value(
        "select count(*) from rating_matter where rating = $1 and kind = $2 and answered_at is null", rating["id"], kind
    )
    if not possible or same:
        raise MatterRefused(facts={"stage": rating["stage"], "open": same})


async def answer(
    matter_id: UUID, *, outcome: Outcome, text: str, operator: UUID, now: datetime, grade: str | None = None
) -> None:
    """Answers a matter once, in the caller's transaction. A repair that is upheld repairs the rating (to `grade`).

    Raises `NotFound` and what `life.take` refuses.
    """
    row = await database.fetch_row(
        "update rating_matter set outcome = $2, answer = $3, answered_by = $4, answered_at = $5"
        " where id = $1 and answered_at is null returning rating, kind",
        matter_id,
        outcome,
        text,
        operator,
        now,
    )
    if row is None:
        raise NotFound
    if row["kind"] == "repair" and outcome == "upheld":
        step = Step(
            stage=Stage.REPAIRED, actor=f"operator:{operator}", basis="信用修复", at=now, grade=grade, reason="信用修复"
        )
        await life.take(row["rating"], step)
    event = MatterAnswered(matter_id=matter_id, rating_id=row["rating"], kind=row["kind"], outcome=outcome)
    await outbox.record(event, at=now)


async def of_rating(rating_id: UUID, *, today: date) -> list[Matter]:
    """All matters of a rating, newest first."""
    rows = await database.fetch("select * from rating_matter where rating = $1 order by opened_at desc", rating_id)
    return await _matters(rows, today=today)


async def _matters(rows: Sequence[Any], *, today: date) -> list[Matter]:
    files = await evidence.of_matters([row["id"] for row in rows])
    return [_matter(row, files=files[row["id"]], today=today) for row in rows]


async def waiting(*, today: date) -> list[Matter]:
    """Matters without an answer, the most urgent first."""
    rows = await database.fetch(
        f"select * from rating_matter where answered_at is null order by due_on, opened_at limit {OPEN_MAX}"
    )
    return await _matters(rows, today=today)


TURNED_AMBER = "update rating_matter set amber_at = $2 where id = $1 and amber_at is null"
TURNED_RED = "update rating_matter set red_at = $2 where id = $1 and red_at is null"


async def watch(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Daily: every light that turned is told once; evidence nobody used is forgotten."""
    if event.every != "day":
        return
    await evidence.forget_waiting(now=at)
    for matter in await waiting(today=clock.local_day(event.at)):
        if matter.light == "green":
            continue
        tag = await database.execute(TURNED_AMBER if matter.light == "amber" else TURNED_RED, matter.id, at)
        if tag == "UPDATE 1":
            await outbox.record(MatterLate(matter_id=matter.id, kind=matter.kind, light=matter.light), at=at)
