"""Healing what the network lost: each minute a pull from a cursor, each day a full comparison whose differences stay.

Both go through `progress.apply`, so an update that was known already changes nothing.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.cases import peers, progress
from domain.cases.updates import Update
from domain.kernel import database, leases
from domain.kernel.events import Ticked

KIND = "reconcile"
NAMESPACE = uuid.UUID("6d1c9a52-6c3c-4d77-9a59-1f2f0b3f5c10")
DIFFERENCES_MAX = 1_000  # kept of one run
RUNS_SHOWN = 20
CLOSED_COMPARED = timedelta(days=30)  # after its closure a case is compared for so long
PAGE_MAX = 200


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One pull or comparison."""

    id: int
    kind: str  # pull | full
    started_at: datetime
    finished_at: datetime
    seen: int
    healed: int
    differences: list[dict[str, Any]]


class Applied(msgspec.Struct, frozen=True):
    """What a page of the platform's updates changed here."""

    healed: int
    differences: list[dict[str, Any]]


async def queue_pull(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """A pull each minute, a full comparison each day."""
    kinds = {"minute": "pull", "day": "full"}
    if event.every in kinds:
        kind = kinds[event.every]
        await leases.queue(
            kind=KIND,
            subject=f"peer:{peers.PLATFORM}",
            payload={"kind": kind},
            now=at,
            in_order_of=f"{KIND}:{kind}",
            job_id=uuid.uuid5(NAMESPACE, f"{kind}:{event.at.isoformat()}"),
        )


async def take(updates: Sequence[Update], *, now: datetime) -> Applied:
    """Applies pulled updates in the caller's transaction; what was refused is a difference."""
    verdicts = await progress.apply(updates, now=now)
    refused = [
        {"case": v.update.case_id, "update": v.update.update_id, "why": v.refusal.code} for v in verdicts if v.refusal
    ]
    return Applied(sum(1 for v in verdicts if not v.replayed and v.refusal is None), refused)


async def compared_cases(*, after: UUID | None, now: datetime) -> list[UUID]:
    """A page of the cases a full comparison looks at, in id order."""
    rows = await database.fetch(
        "select f.id from case_file f where ($1::uuid is null or f.id > $1)"
        " and (not f.closed or f.stage_since > $2) order by f.id limit $3",
        after,
        now - CLOSED_COMPARED,
        PAGE_MAX,
    )
    return [row["id"] for row in rows]


class AtPeer(msgspec.Struct, frozen=True, kw_only=True):
    """A round that a peer without our contract has: its id there, and what we last heard of it."""

    case_id: UUID
    round: int
    platform_case: str
    closed: bool
    sequence: int  # the latest we have
    seen: dict[str, str | None] | None  # what the latest update was made of


ROUNDS_AT_PEER = """
select f.id as case_id, f.round, r.platform_case, f.closed,
  coalesce((select max(sequence) from case_update u where u."case" = f.id and u.round = f.round), 0) as sequence,
  (select detail->'peer' from case_update u where u."case" = f.id and u.round = f.round and detail ? 'peer'
   order by sequence desc limit 1) as seen
from case_file f join case_round r on r."case" = f.id and r.number = f.round
where ($1::uuid is null or f.id > $1) and r.accepted_at is not null and r.platform_case is not null
  and f.withdrawn_at is null and (not f.closed or $2 and f.stage_since > $3) order by f.id limit $4
"""


async def rounds_at_peer(*, after: UUID | None, closed_too: bool, limit: int, now: datetime) -> list[AtPeer]:
    """A page of the latest rounds the peer has taken, in order of their cases."""
    rows = await database.fetch(ROUNDS_AT_PEER, after, closed_too, now - CLOSED_COMPARED, limit)
    return [AtPeer(**{**dict(row), "seen": msgspec.json.decode(row["seen"]) if row["seen"] else None}) for row in rows]


async def name_at_peer(one: AtPeer, *, platform_case: str) -> None:
    """The peer has given its own id by now, in the caller's transaction."""
    await database.execute(
        'update case_round set platform_case = $3 where "case" = $1 and number = $2',
        one.case_id,
        one.round,
        platform_case,
    )


async def known_updates(case_ids: Sequence[UUID]) -> dict[tuple[UUID, int], set[str]]:
    """The update ids we have of each accepted round of these cases."""
    rows = await database.fetch(
        'select r."case", r.number, array_remove(array_agg(u.update_id), null) as ids from case_round r'
        ' left join case_update u on u."case" = r."case" and u.round = r.number'
        ' where r."case" = any($1) and r.accepted_at is not null group by 1, 2',
        list(case_ids),
    )
    return {(row["case"], row["number"]): set(row["ids"]) for row in rows}


async def record_run(kind: str, *, started_at: datetime, now: datetime, seen: int, applied: Applied) -> None:
    """Keeps what a run found, in the caller's transaction."""
    await database.execute(
        "insert into reconcile_run (kind, started_at, finished_at, seen, healed, differences)"
        " values ($1, $2, $3, $4, $5, $6::jsonb)",
        kind,
        started_at,
        now,
        seen,
        applied.healed,
        msgspec.json.encode(applied.differences[:DIFFERENCES_MAX]).decode(),
    )


async def latest_runs() -> list[Run]:
    """The latest runs that found something to say."""
    rows = await database.fetch("select * from reconcile_run order by id desc limit $1", RUNS_SHOWN)
    return [Run(**{**dict(row), "differences": msgspec.json.decode(row["differences"])}) for row in rows]
