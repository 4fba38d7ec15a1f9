"""Rating every enterprise of a year in one run: computed in order, stored in blocks, the same result each time."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from domain.enterprises import rule_packs
from domain.enterprises.rating import Inputs, rate
from domain.enterprises.rule_packs import RulePack
from domain.kernel import audit, database
from domain.kernel.ids import new_id

BLOCK = 2_000
RATING_COLUMNS = (
    "id", "enterprise", "year", "pack", "pack_fingerprint", "inputs", "result", "grade", "stage", "stage_at",
)  # fmt: skip
STEP_COLUMNS = ("id", "rating", "number", "stage", "grade", "actor", "basis", "at", "detail")
Progress = Callable[[int], None]


async def rate_all(
    work: Sequence[tuple[UUID, Inputs]],
    *,
    pack: RulePack,
    actor: str,
    now: datetime,
    progress: Progress = lambda _done: None,
) -> int:
    """Preliminary ratings for all enterprises that have none for the year; returns how many were made.

    Each block is one transaction, so a run that was cut short goes on where it stopped. Raises `RatingIncomplete`.
    """
    made = 0
    for start in range(0, len(work), BLOCK):
        made += await _block(work[start : start + BLOCK], pack=pack, actor=actor, now=now)
        progress(min(start + BLOCK, len(work)))
    return made


async def _block(work: Sequence[tuple[UUID, Inputs]], *, pack: RulePack, actor: str, now: datetime) -> int:
    async with database.transaction():
        known = await database.fetch(
            "select enterprise, year from enterprise_rating where enterprise = any($1)", [e for e, _ in work]
        )
        done = {(row["enterprise"], row["year"]) for row in known}
        fresh = [(enterprise, inputs) for enterprise, inputs in work if (enterprise, inputs.year) not in done]
        ratings = list(_records(fresh, pack=pack, now=now))
        steps = [
            (new_id(), record[0], 1, "preliminary", record[7], actor, pack.basis, now, '{"reason":null}')
            for record in ratings
        ]
        async with database.connection() as connection:
            await connection.copy_records_to_table("enterprise_rating", columns=RATING_COLUMNS, records=ratings)
            await connection.copy_records_to_table("rating_step", columns=STEP_COLUMNS, records=steps)
        await audit.append(
            actor=actor, action="rating.batch", subject=f"pack:{pack.id}", at=now, detail={"n": len(fresh)}
        )
    return len(fresh)


def _records(work: Sequence[tuple[UUID, Inputs]], *, pack: RulePack, now: datetime) -> Iterator[tuple[object, ...]]:
    fingerprint = rule_packs.fingerprint(pack)
    for enterprise, inputs in work:
        result = rate(inputs, pack=pack)
        yield (
            new_id(),
            enterprise,
            inputs.year,
            pack.id,
            fingerprint,
            msgspec.json.encode(inputs).decode(),
            msgspec.json.encode(result).decode(),
            result.grade,
            "preliminary",
            now,
        )
