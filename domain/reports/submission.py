"""Taking a report in: one statement, one commit, whatever else a report needs in the same breath.

`submit_report` calls the database function `report_submit` (see `schema.sql`): idempotency record, report, sealed
reporter, timeline, outbox event and audit row are one round trip; without photos the statement is its own transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import clock, crypto, database, settings, trace
from domain.kernel.errors import Refusal
from domain.kernel.geo import Point, cell_of, require_place, to_wgs84
from domain.kernel.idempotency import IdempotencyKeyReused, TwinRunning
from domain.kernel.ids import new_id
from domain.reports import drafts, receipts, reporters
from domain.reports.categories import category_of
from domain.reports.drafts import Channel, Draft
from domain.reports.service_area import district, town_of

NUMBER = "{number}"  # the database puts the human number here
# Of the parameters of report_submit, in order.
TYPES = (
    *("text", "text", "bytea", "text", "timestamptz", "date"),
    *("uuid", "text", "text", "text", "text", "text"),
    *("float8", "float8", "real", "float8", "float8", "text", "bigint"),
    *("text", "uuid", "uuid", "timestamptz", "smallint", "text"),
    *("bytea", "bytea", "text", "bytea", "bytea", "uuid", "text"),
)
NUMBERED = range(1, len(TYPES) + 1)
SUBMIT = f"select outcome, body from report_submit({', '.join(f'${n}' for n in NUMBERED)})"
# The same for many reports in one statement, numbered in the order given.
SUBMIT_ALL = f"""
select s.outcome, s.body from unnest({", ".join(f"${n}::{kind}[]" for n, kind in zip(NUMBERED, TYPES, strict=True))})
  with ordinality as given ({", ".join(f"p{n}" for n in NUMBERED)}, place)
cross join lateral report_submit({", ".join(f"p{n}" for n in NUMBERED)}) s order by place
"""
NOBODY: tuple[bytes | None, bytes | None, str | None] = (None, None, None)


class ReportReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an accepted report."""

    id: UUID
    number: str  # GW-20261121-000137
    status: str  # submitted
    received_at: datetime
    town: str
    receipt_code: str | None = None  # of anonymous reports: shown here and never again


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends which bytes under which key. `sender` is None for anonymous reports and for sensors."""

    principal: str
    key: str
    print_: bytes
    sender: UUID | None
    channel: Channel
    identity: str  # confidential | named | anonymous | none
    now: datetime


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """`body` is the answer as stored; a replay has the report of the first time in it."""

    report_id: UUID
    replayed: bool
    body: bytes


def resident_request(account_id: UUID, draft: Draft, *, key: str, print_: bytes, now: datetime) -> Request:
    """A signed-in resident's confidential or named report.

    The principal is a keyed hash: the row of a stored answer must not tie an account to a report.
    """
    return Request(
        principal=f"reporter:{reporters.owner_tag(account_id).hex()}",
        key=key,
        print_=print_,
        sender=account_id,
        channel=draft.channel,
        identity=draft.identity,
        now=now,
    )


def anonymous_request(draft: Draft, *, key: str, print_: bytes, now: datetime) -> Request:
    """A report without any account, whoever is signed in."""
    return Request(
        principal="anonymous",
        key=key,
        print_=print_,
        sender=None,
        channel=draft.channel,
        identity="anonymous",
        now=now,
    )


def partner_request(partner_id: UUID, *, key: str, print_: bytes, channel: Channel, now: datetime) -> Request:
    """A report of another source, without a person."""
    return Request(
        principal=f"partner:{partner_id}",
        key=key,
        print_=print_,
        sender=None,
        channel=channel,
        identity="none",
        now=now,
    )


async def submit_report(draft: Draft, *, request: Request) -> Submitted:
    """Stores the report or finds the first answer to its key.

    Raises `Invalid`, `OutsideServiceArea`, `TwinRunning` or `IdempotencyKeyReused`. Photos are claimed by the caller
    in the same transaction, only when the answer is new.
    """
    values, code = await _values(draft, request=request)
    row = await database.fetch_row(SUBMIT, *values)
    assert row is not None
    return _answer(row["outcome"], row["body"], report_id=values[REPORT_ID], code=code)


Prepared = tuple[Any, ...]  # the parameters of one report
REPORT_ID = 6  # its place among them


async def prepare(draft: Draft, *, request: Request) -> Prepared:
    """One report of a batch, checked; raises what `submit_report` raises before anything is written."""
    values, _ = await _values(draft, request=request)
    return values


async def submit_all(prepared: Sequence[Prepared]) -> list[Submitted | Refusal]:
    """Stores many reports in one statement, in the caller's transaction; one result for each, in order.

    Reports of machines and partners only: a receipt code is not shown here.
    """
    rows = await database.fetch(SUBMIT_ALL, *(list(column) for column in zip(*prepared, strict=True)))
    done: list[Submitted | Refusal] = []
    for row, values in zip(rows, prepared, strict=True):
        try:
            done.append(_answer(row["outcome"], row["body"], report_id=values[REPORT_ID], code=None))
        except Refusal as refusal:
            done.append(refusal)
    return done


async def _values(draft: Draft, *, request: Request) -> tuple[Prepared, str | None]:
    """The parameters of `report_submit`, and the receipt code of an anonymous report."""
    drafts.check(draft, now=request.now)
    report_id = new_id()
    wgs84 = to_wgs84(require_place(draft.place.lng, draft.place.lat), datum=draft.place.datum)
    town = town_of(wgs84, area=district(settings.current().district)).code
    code = receipts.code_for(key=request.key, print_=request.print_) if request.identity == "anonymous" else None
    salt_and_hash = (None, None) if code is None else await receipts.slow_hash(code)
    values = (
        request.principal,
        request.key if code is None else receipts.stored_key(request.key),
        request.print_,
        _body(report_id, request=request, town=town),
        request.now,
        clock.local_day(request.now),
        report_id,
        *_columns(draft, request=request, wgs84=wgs84),
        town,
        cell_of(wgs84),
        *_links(draft),
        *_sealed(request.sender, report_id=report_id),
        *salt_and_hash,
        new_id(),
        trace.origin(),
    )
    return values, code


def _body(report_id: UUID, *, request: Request, town: str) -> str:
    receipt = ReportReceipt(id=report_id, number=NUMBER, status="submitted", received_at=request.now, town=town)
    return msgspec.json.encode(receipt).decode()


def _links(draft: Draft) -> tuple[object, ...]:
    return (
        None if draft.address is None else drafts.clean(draft.address, field="address"),
        draft.river,
        draft.enterprise,
        draft.captured_at,
        len(draft.photo_ids),
        draft.no_photo_reason,
    )


def _columns(draft: Draft, *, request: Request, wgs84: Point) -> tuple[object, ...]:
    return (
        category_of(draft.category).code,
        drafts.clean(draft.text, field="text"),
        request.channel,
        request.identity,
        draft.place.datum,
        draft.place.lng,
        draft.place.lat,
        draft.place.accuracy_m,
        wgs84.lng,
        wgs84.lat,
    )


def _sealed(sender: UUID | None, *, report_id: UUID) -> tuple[bytes | None, bytes | None, str | None]:
    if sender is None:
        return NOBODY
    sealed = reporters.seal(sender, report_id=report_id)
    return reporters.owner_tag(sender), sealed, crypto.key_id(sealed)


def _answer(outcome: str, body: bytes | None, *, report_id: UUID, code: str | None) -> Submitted:
    if outcome == "twin":
        raise TwinRunning(retry_after_s=1)
    if outcome == "reused" or body is None:
        raise IdempotencyKeyReused
    if code is not None:  # the stored answer has no code: it is derived again from the key on every replay
        body = body.replace(b'"receipt_code":null', f'"receipt_code":"{code}"'.encode())
    return Submitted(report_id=report_id, replayed=outcome == "replay", body=body)
