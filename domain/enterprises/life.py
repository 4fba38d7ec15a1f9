"""The life of a rating: stages as data, every transition with actor, basis and time, and what the public sees of it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from domain.enterprises import rule_packs
from domain.enterprises.events import RatingExpired, RatingShown
from domain.enterprises.rating import Inputs, Rating, adjusted, rate
from domain.enterprises.rule_packs import RulePack
from domain.kernel import calendar, clock, database, outbox
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id

AUTHORITY = "清河区生态环境局"


class Stage(StrEnum):
    """Where a rating is."""

    COLLECTED = "collected"
    PRELIMINARY = "preliminary"
    FED_BACK = "fed_back"
    PUBLICISED = "publicised"
    RECHECKING = "rechecking"
    FINAL = "final"
    PUBLISHED = "published"
    ADJUSTED = "adjusted"
    REPAIRED = "repaired"
    EXPIRED = "expired"


NEXT: Mapping[Stage, frozenset[Stage]] = {
    Stage.COLLECTED: frozenset({Stage.PRELIMINARY}),
    Stage.PRELIMINARY: frozenset({Stage.FED_BACK, Stage.COLLECTED}),
    Stage.FED_BACK: frozenset({Stage.PUBLICISED, Stage.PRELIMINARY}),
    Stage.PUBLICISED: frozenset({Stage.RECHECKING, Stage.FINAL}),
    Stage.RECHECKING: frozenset({Stage.PUBLICISED, Stage.FINAL}),
    Stage.FINAL: frozenset({Stage.PUBLISHED}),
    Stage.PUBLISHED: frozenset({Stage.ADJUSTED, Stage.REPAIRED, Stage.EXPIRED}),
    Stage.ADJUSTED: frozenset({Stage.ADJUSTED, Stage.REPAIRED, Stage.EXPIRED}),
    Stage.REPAIRED: frozenset({Stage.ADJUSTED, Stage.EXPIRED}),
    Stage.EXPIRED: frozenset(),
}
COMPUTED_IN = frozenset({Stage.COLLECTED, Stage.PRELIMINARY, Stage.RECHECKING})
BY_SECOND_OFFICER = frozenset({Stage.PUBLICISED, Stage.FINAL})
REGRADED_IN = frozenset({Stage.ADJUSTED, Stage.REPAIRED})
SHOWN_AS: Mapping[Stage, str] = {  # what the register calls it; stages before it are nobody else's business
    Stage.PUBLICISED: "publicised",
    Stage.PUBLISHED: "final",
    Stage.ADJUSTED: "adjusted",
    Stage.REPAIRED: "repaired",
}


class StepRefused(Refusal):
    """The rating cannot go there from where it is, or a condition is not met."""

    code = "rating-step-refused"
    title = Text("评价不能进入该阶段", "The rating cannot go to this stage")
    advice = Text("请查看 allowed 中的可用阶段及条件。", "See the allowed stages and conditions.")


class SecondOfficerNeeded(Refusal):
    """Who computed a rating does not publicise or decide it."""

    code = "second-officer-needed"
    status = 403
    title = Text("须由另一位操作员提交", "Another officer has to do this")
    advice = Text("评价由计算人以外的操作员公示和审定。", "Not the officer who computed the rating.")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One transition as asked for."""

    stage: Stage
    actor: str
    basis: str
    at: datetime
    grade: str | None = None  # of an adjustment or a repair; None: unchanged
    event: str | None = None  # an adjustment by an event of the pack, which decides the grade
    reason: str | None = None


async def compute(
    enterprise: UUID, *, inputs: Inputs, pack: RulePack, actor: str, now: datetime
) -> tuple[UUID, Rating]:
    """A preliminary rating from inputs, in the caller's transaction; again replaces it, also during a recheck."""
    result = rate(inputs, pack=pack)
    row = await database.fetch_row(
        "select id, stage from enterprise_rating where enterprise = $1 and year = $2 for update",
        enterprise,
        inputs.year,
    )
    if row is not None and row["stage"] not in COMPUTED_IN:
        raise StepRefused(facts={"stage": row["stage"], "allowed": []})
    stage = Stage.RECHECKING if row is not None and row["stage"] == Stage.RECHECKING else Stage.PRELIMINARY
    rating_id: UUID = row["id"] if row is not None else new_id()
    await database.execute(
        "insert into enterprise_rating (id, enterprise, year, pack, pack_fingerprint, inputs, result, grade, stage,"
        " stage_at) values ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8, $10, $9)"
        " on conflict (enterprise, year) do update set pack = excluded.pack, inputs = excluded.inputs,"
        " pack_fingerprint = excluded.pack_fingerprint, result = excluded.result, grade = excluded.grade,"
        " stage = excluded.stage, stage_at = excluded.stage_at",
        rating_id,
        enterprise,
        inputs.year,
        pack.id,
        rule_packs.fingerprint(pack),
        msgspec.json.encode(inputs).decode(),
        msgspec.json.encode(result).decode(),
        result.grade,
        now,
        stage.value,
    )
    step = Step(stage=stage, actor=actor, basis=pack.basis, at=now, grade=result.grade)
    await _append(rating_id, step, grade=result.grade)
    return rating_id, result


async def _append(rating_id: UUID, step: Step, *, grade: str) -> None:
    await database.execute(
        "insert into rating_step (id, rating, number, stage, grade, actor, basis, at, detail)"
        " select $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8::jsonb"
        " from rating_step where rating = $2",
        new_id(),
        rating_id,
        step.stage.value,
        grade,
        step.actor,
        step.basis,
        step.at,
        msgspec.json.encode({"reason": step.reason}).decode(),
    )


async def take(rating_id: UUID, step: Step) -> None:
    """One transition in the caller's transaction; the register hears of it when the public may see it.

    Raises `NotFound` and `StepRefused`.
    """
    row = await database.fetch_row("select * from enterprise_rating where id = $1 for update", rating_id)
    if row is None:
        raise NotFound
    allowed = NEXT[Stage(row["stage"])]
    if step.stage not in allowed:
        raise StepRefused(facts={"stage": row["stage"], "allowed": sorted(stage.value for stage in allowed)})
    pack = rule_packs.load(row["pack"])
    if step.stage in BY_SECOND_OFFICER:
        await require_second_officer([rating_id], actor=step.actor)
    if step.stage is Stage.FINAL:
        await _require_publicity(row, today=clock.local_day(step.at))
    grade = _grade_after(row["grade"], step, pack=pack)
    today = clock.local_day(step.at)
    until = today + timedelta(days=pack.days.publicity_days) if step.stage is Stage.PUBLICISED else None
    decided = today if step.stage in {Stage.FINAL, Stage.ADJUSTED, Stage.REPAIRED} else None
    publish_by = await publication_day(pack, today) if step.stage is Stage.FINAL else None
    await database.execute(
        "update enterprise_rating set stage = $2, stage_at = $3, grade = $4, decided_on = coalesce($5, decided_on),"
        " objections_until = coalesce(objections_until, $6), publish_by = coalesce($7, publish_by) where id = $1",
        rating_id,
        step.stage.value,
        step.at,
        grade,
        decided,
        until,
        publish_by,
    )
    await _append(rating_id, step, grade=grade)
    await _tell(rating_id, step)


async def publication_day(pack: RulePack, decided_on: date) -> date:
    """By when a decision of that day has to be published."""
    days = await calendar.load()
    return days.add_working_days(decided_on, pack.days.published_within_working_days).day


COMPUTED_BY = """
select count(*) from unnest($1::uuid[]) r(id)
where $2 = (select s.actor from rating_step s where s.rating = r.id and s.stage in ('preliminary', 'rechecking')
            order by s.number desc limit 1)
"""


async def require_second_officer(ratings: Sequence[UUID], *, actor: str) -> None:
    """Raises `SecondOfficerNeeded` when one of the ratings was computed by the same officer."""
    if actor.startswith("operator:") and await database.fetch_value(COMPUTED_BY, list(ratings), actor):
        raise SecondOfficerNeeded


def _grade_after(grade: str, step: Step, *, pack: RulePack) -> str:
    """The grade after a step; only adjustments and repairs change it."""
    if step.stage is Stage.ADJUSTED and step.event is not None:
        return adjusted(grade, events=[step.event], pack=pack)
    if step.grade is None:
        return grade
    if step.stage not in REGRADED_IN or step.grade not in pack.ranks:
        raise StepRefused(facts={"grade": step.grade, "grades": list(pack.ranks)})
    return step.grade


async def _require_publicity(row: Any, *, today: date) -> None:
    """Final only after the publicity days, and when every objection is answered."""
    waiting = await database.fetch_value(
        "select count(*) from rating_matter where rating = $1 and kind = 'objection' and answered_at is null", row["id"]
    )
    if waiting or row["objections_until"] is None or today <= row["objections_until"]:
        facts = {"open_objections": waiting, "objections_until": str(row["objections_until"])}
        raise StepRefused(
            Text("公示期未满或异议未答复", "The publicity period runs or objections are open"), facts=facts
        )


async def _tell(rating_id: UUID, step: Step) -> None:
    row = await database.fetch_row(
        "select r.*, e.credit_code, e.name, e.industry, e.town, e.lng, e.lat from enterprise_rating r"
        " join enterprise e on e.id = r.enterprise where r.id = $1",
        rating_id,
    )
    if row is None:
        raise NotFound
    if step.stage is Stage.EXPIRED:
        await outbox.record(RatingExpired(credit_code=row["credit_code"], year=row["year"]), at=step.at)
    elif step.stage in SHOWN_AS:
        await outbox.record(shown(row, step), at=step.at)


def shown(row: Any, step: Step) -> RatingShown:
    """The register's entry of a rating row joined with its enterprise."""
    return RatingShown(
        credit_code=row["credit_code"],
        name=row["name"],
        industry=row["industry"],
        town=row["town"],
        lng=row["lng"],
        lat=row["lat"],
        year=row["year"],
        grade=row["grade"],
        stage=SHOWN_AS[step.stage],
        decided_on=row["decided_on"] or clock.local_day(step.at),
        basis=step.basis,
        reason=step.reason,
        authority=AUTHORITY,
        objections_until=row["objections_until"] if step.stage is Stage.PUBLICISED else None,
    )


async def history_of(enterprise: UUID, *, before: int) -> Mapping[int, str]:
    """The grades of earlier years as they were decided: a later repair does not lift a bar."""
    rows: Sequence[Any] = await database.fetch(
        "select r.year, (select s.grade from rating_step s where s.rating = r.id and s.stage = 'final'"
        " order by s.number desc limit 1) as grade from enterprise_rating r where r.enterprise = $1 and r.year < $2",
        enterprise,
        before,
    )
    return {row["year"]: row["grade"] for row in rows if row["grade"] is not None}


async def recomputes(rating_id: UUID) -> bool:
    """Whether the stored inputs and the named pack still give the stored result."""
    row = await database.fetch_row("select * from enterprise_rating where id = $1", rating_id)
    if row is None:
        raise NotFound
    pack = rule_packs.load(row["pack"])
    again = rate(msgspec.json.decode(row["inputs"], type=Inputs), pack=pack)
    same = again == msgspec.json.decode(row["result"], type=Rating)
    return same and rule_packs.fingerprint(pack) == row["pack_fingerprint"]
