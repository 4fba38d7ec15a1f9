"""A whole cycle's next stage: every rating of a year that may go there, in blocks, each block one transaction.

The same conditions as for one rating: another officer than the one who computed it, the publicity days over, no open
objection. What does not qualify stays where it is.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.enterprises import life, matters, rule_packs
from domain.enterprises.events import RatingsShown, RatingsUnpublished
from domain.enterprises.life import BY_SECOND_OFFICER, SHOWN_AS, Stage, Step
from domain.kernel import audit, clock, database, outbox
from domain.kernel.events import Ticked
from domain.kernel.ids import new_id

BLOCK = 500
COMES_FROM: Mapping[Stage, Stage] = {
    Stage.FED_BACK: Stage.PRELIMINARY,
    Stage.PUBLICISED: Stage.FED_BACK,
    Stage.FINAL: Stage.PUBLICISED,
    Stage.PUBLISHED: Stage.FINAL,
}
MAY_GO = """
from enterprise_rating r where r.year = $1 and r.stage = $2
  and ($3 <> 'final' or (r.objections_until < $4 and not exists (
    select 1 from rating_matter m where m.rating = r.id and m.kind = 'objection' and m.answered_at is null)))
"""
READY = f"select r.id, r.pack {MAY_GO} and r.id > $5 order by r.id limit $6 for update"
HOW_MANY = f"select count(*) {MAY_GO}"
MOVE = """
update enterprise_rating r set stage = $2, stage_at = $3, decided_on = coalesce($4, decided_on),
  objections_until = coalesce(objections_until, d.until), publish_by = coalesce(d.publish_by, r.publish_by)
from unnest($1::uuid[], $5::date[], $6::date[]) d(id, until, publish_by)
where r.id = d.id
"""
APPEND = """
insert into rating_step (id, rating, number, stage, grade, actor, basis, at, detail)
select n.id, r.id, (select coalesce(max(number), 0) + 1 from rating_step s where s.rating = r.id), $3, r.grade, $4, $5,
  $6, $7::jsonb
from unnest($1::uuid[], $2::uuid[]) n(id, rating) join enterprise_rating r on r.id = n.rating
"""
SHOWN = """
select r.*, e.credit_code, e.name, e.industry, e.town, e.lng, e.lat from enterprise_rating r
join enterprise e on e.id = r.enterprise where r.id = any($1) order by r.id
"""
NOTHING = UUID(int=0)


async def how_many(year: int, stage: Stage, *, today: date) -> int:
    """How many ratings of the year stand where they could go on to `stage`; all conditions but the officer."""
    found: int = await database.fetch_value(HOW_MANY, year, COMES_FROM[stage], stage.value, today)
    return found


async def step_all(year: int, step: Step, *, progress: Callable[[int], None] = lambda _done: None) -> int:
    """Moves them; returns how many. Raises `life.SecondOfficerNeeded` before the first block that would break it."""
    moved, after = 0, NOTHING
    while True:
        async with database.transaction():
            ready = await database.fetch(
                READY, year, COMES_FROM[step.stage], step.stage.value, clock.local_day(step.at), after, BLOCK
            )
            if not ready:
                return moved
            await _move([row["id"] for row in ready], {row["id"]: row["pack"] for row in ready}, step)
        moved, after = moved + len(ready), ready[-1]["id"]
        progress(moved)


async def _move(ratings: Sequence[UUID], packs: Mapping[UUID, str], step: Step) -> None:
    if step.stage in BY_SECOND_OFFICER:
        await life.require_second_officer(ratings, actor=step.actor)
    today = clock.local_day(step.at)
    until: dict[str, date | None] = dict.fromkeys(packs.values())
    publish_by: dict[str, date | None] = dict.fromkeys(packs.values())
    for name in until:
        pack = rule_packs.load(name)
        if step.stage is Stage.PUBLICISED:
            until[name] = today + timedelta(days=pack.days.publicity_days)
        if step.stage is Stage.FINAL:
            publish_by[name] = await life.publication_day(pack, today)
    decided = today if step.stage is Stage.FINAL else None
    untils, days = [until[packs[rating]] for rating in ratings], [publish_by[packs[rating]] for rating in ratings]
    await database.execute(MOVE, list(ratings), step.stage.value, step.at, decided, untils, days)
    detail = msgspec.json.encode({"reason": step.reason}).decode()
    ids = [new_id() for _ in ratings]
    await database.execute(APPEND, ids, list(ratings), step.stage.value, step.actor, step.basis, step.at, detail)
    await _tell(ratings, step)


async def _tell(ratings: Sequence[UUID], step: Step) -> None:
    if step.stage in SHOWN_AS:
        rows: Sequence[Any] = await database.fetch(SHOWN, list(ratings))
        await outbox.record(RatingsShown(ratings=tuple(life.shown(row, step) for row in rows)), at=step.at)
    await audit.append(
        actor=step.actor, action=f"rating.{step.stage.value}", subject="rating-cycle", at=step.at,
        detail={"n": len(ratings)},
    )  # fmt: skip


class Unpublished(msgspec.Struct, frozen=True, kw_only=True):
    """Final ratings of a year that wait for their publication by the same day."""

    year: int
    publish_by: date
    ratings: int
    light: str


UNPUBLISHED = """
select year, publish_by, min(decided_on) as decided_on, count(*) as ratings from enterprise_rating
where stage = 'final' and publish_by is not null group by year, publish_by order by publish_by, year
"""
WARN = """
update enterprise_rating set publish_light = $3
where stage = 'final' and year = $1 and publish_by = $2 and publish_light is distinct from $3
"""


async def unpublished(*, today: date) -> list[Unpublished]:
    """Decided ratings that are not public yet, the most urgent first, with their light."""
    return [
        Unpublished(
            year=row["year"],
            publish_by=row["publish_by"],
            ratings=row["ratings"],
            light=matters.light_of(row["decided_on"], row["publish_by"], today=today),
        )
        for row in await database.fetch(UNPUBLISHED)
    ]


async def watch(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Daily: every light that turned is told once for its year and day."""
    if event.every != "day":
        return
    for group in await unpublished(today=clock.local_day(event.at)):
        if group.light == "green":
            continue
        warned = await database.execute(WARN, group.year, group.publish_by, group.light)
        if warned != "UPDATE 0":
            late = RatingsUnpublished(year=group.year, publish_by=group.publish_by, light=group.light)
            await outbox.record(late, at=at)
