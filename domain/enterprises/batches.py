"""Acts on a whole cycle: asked for here, run by the worker (`batch_runs`), watched by their progress."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.enterprises import cycles, rule_packs
from domain.enterprises.life import Stage
from domain.kernel import audit, clock, crypto, database, leases, settings
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id

KIND = "rating-batch"
LIST_MAX = 50


class BatchRefused(Refusal):
    """Another act on this cycle is under way, or no rating qualifies."""

    code = "rating-batch-refused"
    title = Text("当前不能批量处理", "Not possible now")
    advice = Text(
        "请等待进行中的批次完成，或检查评价所处阶段。", "Wait for the batch under way, or look at the stages."
    )


class RowFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one row of the file; row 0 is the whole file."""

    row: int
    message: str


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """An act and how far it is."""

    id: UUID
    kind: str
    year: int
    pack: str | None
    stage: str | None
    state: str
    rows: int
    done: int
    made: int
    findings: list[RowFinding]
    asked_by: UUID
    asked_at: datetime


COLUMNS = "id, kind, year, pack, stage, state, rows, done, made, findings, asked_by, asked_at"


def ring() -> crypto.KeyRing:
    """The keys that seal files."""
    return crypto.key_ring(settings.current().seal_keys)


async def rate(*, year: int, pack: str, content: bytes, operator: UUID, now: datetime) -> Batch:
    """Asks for preliminary ratings of everybody in the file, in the caller's transaction.

    Raises `NotFound` for an unknown pack, and `BatchRefused`.
    """
    if pack not in rule_packs.shipped():
        raise NotFound
    batch_id = new_id()
    sealed = ring().seal(content, context=f"rating-batch:{batch_id}")
    return await _ask(batch_id, kind="rate", year=year, pack=pack, sealed_file=sealed, operator=operator, now=now)


async def step(*, year: int, stage: Stage, basis: str, operator: UUID, now: datetime) -> Batch:
    """Asks for the next stage of a year's ratings, in the caller's transaction; raises `BatchRefused`."""
    ready = await cycles.how_many(year, stage, today=clock.local_day(now))
    if not ready:
        raise BatchRefused(Text("没有可进入该阶段的评价", "No rating can go to this stage"))
    return await _ask(
        new_id(), kind="step", year=year, stage=stage.value, basis=basis, rows=ready, operator=operator, now=now
    )


async def _ask(batch_id: UUID, *, kind: str, year: int, operator: UUID, now: datetime, **more: Any) -> Batch:
    await database.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"rating-cycle:{year}")
    if await database.fetch_value(
        "select count(*) from rating_batch where year = $1 and state in ('waiting', 'running')", year
    ):
        raise BatchRefused
    await database.execute(
        "insert into rating_batch (id, kind, year, pack, stage, basis, sealed_file, asked_by, asked_at, state, rows,"
        " done, made, findings) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', $10, 0, 0, '[]')",
        batch_id,
        kind,
        year,
        more.get("pack"),
        more.get("stage"),
        more.get("basis"),
        more.get("sealed_file"),
        operator,
        now,
        more.get("rows", 0),
    )
    await leases.queue(kind=KIND, subject=f"rating-batch:{batch_id}", payload={"batch": batch_id}, now=now)
    await audit.append(
        actor=f"operator:{operator}", action=f"rating-batch.{kind}", subject=f"rating-batch:{batch_id}", at=now,
        detail={"year": year, "stage": more.get("stage")},
    )  # fmt: skip
    return await find(batch_id)


async def find(batch_id: UUID) -> Batch:
    """One act; raises `NotFound`."""
    row = await database.fetch_row(f"select {COLUMNS} from rating_batch where id = $1", batch_id)
    if row is None:
        raise NotFound
    return _batch(row)


async def latest() -> list[Batch]:
    """The latest acts, newest first."""
    rows = await database.fetch(f"select {COLUMNS} from rating_batch order by asked_at desc limit {LIST_MAX}")
    return [_batch(row) for row in rows]


def _batch(row: Any) -> Batch:
    return Batch(**(dict(row) | {"findings": msgspec.json.decode(row["findings"], type=list[RowFinding])}))
