"""Writing what `progress` decided, a whole batch at a time."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.cases import telling
from domain.cases.history import Book, Working
from domain.cases.stages import State
from domain.cases.updates import Update
from domain.kernel import database, outbox
from domain.kernel.errors import Refusal
from domain.kernel.ids import new_id

# One statement: four tables, each touched once.
WRITE = """
with updates as (
  insert into case_update (id, update_id, "case", round, sequence, kind, stage, actor_class, unit, happened_at,
    received_at, public_text, internal_text, outcome, passed, detail, body_hash)
  select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::smallint[], $5::int[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[], $14::text[], $15::bool[],
    $16::jsonb[], $17::bytea[])),
files as (
  update case_file f set stage = coalesce(n.stage, f.stage), stage_since = coalesce(n.since, f.stage_since),
    closed = n.closed, provisional = n.provisional, outcome = n.outcome, unit = n.unit, heard_at = $32, look_at = $32
  from unnest($18::uuid[], $19::text[], $20::timestamptz[], $21::bool[], $22::bool[], $23::text[], $24::text[])
    as n(id, stage, since, closed, provisional, outcome, unit)
  where f.id = n.id),
rounds as (
  update case_round r set closed_at = n.closed_at, outcome = n.outcome, provisional = n.provisional,
    signed_at = n.signed_at
  from unnest($25::uuid[], $26::smallint[], $27::timestamptz[], $28::text[], $29::bool[], $30::timestamptz[])
    as n("case", number, closed_at, outcome, provisional, signed_at)
  where r."case" = n."case" and r.number = n.number)
insert into audit_entry (at, actor, action, subject, detail)
select $32, 'platform', 'case.update', 'case:' || c, d from unnest($3::uuid[], $31::jsonb[]) as n(c, d)
"""
REFUSED = """
insert into refused_update (id, update_id, "case", body_hash, body, code, facts, first_at, last_at, times)
values ($1, $2, $3, $4, $5::jsonb, $6, $7::jsonb, $8, $8, 1) on conflict (update_id, body_hash)
do update set last_at = excluded.last_at, times = refused_update.times + 1, code = excluded.code, facts = excluded.facts
"""


async def write(book: Book, *, now: datetime) -> None:
    """Appends the admitted updates and stores the states, events, timeline lines and audit rows that follow."""
    touched = [working for working in book.cases.values() if working.fresh]
    if not touched:
        return
    updates = [update for working in touched for update in working.fresh]
    ids = {update.update_id: new_id() for update in updates}
    rows = [_update_row(update, row_id=ids[update.update_id], now=now) for update in updates]
    files = [_file_row(working) for working in touched]
    rounds = [_round_row(w, number) for w in touched for number in sorted({u.round for u in w.fresh})]
    said = [_json({"update": u.update_id, "round": u.round, "sequence": u.sequence, "stage": u.stage}) for u in updates]
    await database.execute(WRITE, *_columns(rows), *_columns(files), *_columns(rounds), said, now)
    if events := [event for working in touched for event in working.events]:
        await outbox.record_all(events, at=now)
    await telling.tell(touched, ids=ids, now=now)


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _update_row(u: Update, *, row_id: UUID, now: datetime) -> tuple[Any, ...]:
    place = (row_id, u.update_id, u.case_id, u.round, u.sequence, u.kind, u.stage, u.actor_class, u.unit)
    said = (u.public_text, u.internal_text, u.outcome, u.passed, _json(u.detail), u.body_hash())
    return (*place, u.happened_at, now, *said)


def _file_row(working: Working) -> tuple[Any, ...]:
    state = working.state
    stage = state.stage if state.sequence else None  # no stage yet in this round: what is stored stays
    return working.id, stage, state.since, state.closed, state.provisional, state.outcome, working.unit


def _round_row(working: Working, number: int) -> tuple[Any, ...]:
    state: State = working.compute(round_=number)
    staged = [s.at for s in working.steps if s.round == number and s.stage is not None]
    return (
        working.id,
        number,
        state.since if state.closed else None,
        state.outcome,
        state.provisional,
        min(staged, default=None),
    )


async def keep_refused(refused: Sequence[tuple[Update, Refusal]], *, now: datetime) -> None:
    """Keeps what did not fit, with the answer that was given; a repetition only counts."""
    for update, refusal in refused:
        await database.execute(
            REFUSED,
            new_id(),
            update.update_id,
            update.case_id,
            update.body_hash(),
            _json(update),
            refusal.code,
            _json(refusal.facts),
            now,
        )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


UNREADABLE_KEPT_BYTES = 4000


async def keep_unreadable(bodies: Sequence[bytes], *, code: str, now: datetime) -> None:
    """Keeps the beginning of messages that are signed but not of the contract."""
    for body in bodies:
        start = body[:UNREADABLE_KEPT_BYTES].decode(errors="replace").replace("\x00", "�")
        await database.execute(
            REFUSED, new_id(), "unreadable", None, hashlib.sha256(body).digest(), _json(start), code, "{}", now
        )
