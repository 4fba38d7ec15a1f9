"""Reports from other sources, in batches: the partner's own id makes each happen once; a bad row spoils no other."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.errors import Refusal, Text
from domain.reports import submission
from domain.reports.drafts import ADDRESS_CHARS_MAX, Channel, Code, Draft, Moment, Place
from domain.reports.partners import KeyRefused, Partner

BATCH_MAX = 1_000
ExternalId = Annotated[str, msgspec.Meta(min_length=1, max_length=80, description="The partner's own id of the report")]


class PartnerRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One report of a partner. A sensor's alert is a report without a person."""

    external_id: ExternalId
    category: Code
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    place: Place
    channel: Channel
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=ADDRESS_CHARS_MAX)] | None = None
    river: UUID | None = None
    enterprise: UUID | None = None
    captured_at: Moment | None = None


class RowResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one row: `created`, `known` (sent before), `conflict` (the id has other content) or `refused`."""

    external_id: str
    outcome: Literal["created", "known", "conflict", "refused"]
    report_id: UUID | None = None
    number: str | None = None
    code: str | None = None  # of the refusal
    message: str | None = None
    message_en: str | None = None


def print_of(row: PartnerRow) -> bytes:
    """SHA-256 of the row's content: the same id with another print is a conflict."""
    return sha256(msgspec.json.encode(row, order="deterministic")).digest()


KNOWN = """
select p.external_id, p.fingerprint, p.report, r.number from partner_report p join report r on r.id = p.report
where p.partner = $1 and p.external_id = any($2::text[])
"""
REMEMBER = """
insert into partner_report (report, partner, external_id, fingerprint)
select r, $2, e, f from unnest($1::uuid[], $3::text[], $4::bytea[]) as given (r, e, f)
"""


async def take_batch(rows: Sequence[PartnerRow], *, partner: Partner, now: datetime) -> list[RowResult]:
    """One result per row, in order, in the caller's transaction. Batches of one partner run one after another.

    The number of statements does not grow with the batch: of an id that comes twice the second waits for the next turn.
    """
    await database.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", partner.principal)
    found = await database.fetch(KNOWN, partner.id, [row.external_id for row in rows])
    known: dict[str, Before] = {row["external_id"]: (row["fingerprint"], row["report"], row["number"]) for row in found}
    results: dict[int, RowResult] = {}
    while len(results) < len(rows):
        turn: dict[str, int] = {}
        for place, row in enumerate(rows):
            if place not in results:
                turn.setdefault(row.external_id, place)
        results |= await _take({place: rows[place] for place in turn.values()}, partner=partner, known=known, now=now)
    return [results[place] for place in range(len(rows))]


Before = tuple[bytes, UUID, str]  # print, report and number of what the id was used for


async def _take(
    rows: Mapping[int, PartnerRow], *, partner: Partner, known: dict[str, Before], now: datetime
) -> dict[int, RowResult]:
    """Rows with different ids; what is stored joins `known`."""
    results: dict[int, RowResult] = {}
    prepared: dict[int, submission.Prepared] = {}
    for place, row in rows.items():
        before = known.get(row.external_id)
        if before is not None:
            results[place] = _seen(row, before)
            continue
        try:
            prepared[place] = await _prepare(row, partner=partner, now=now)
        except Refusal as refusal:
            results[place] = _refused(row, refusal)
    if prepared:
        results |= await _store(prepared, rows, partner=partner, known=known)
    return results


def _seen(row: PartnerRow, before: Before) -> RowResult:
    same = before[0] == print_of(row)
    return RowResult(
        external_id=row.external_id,
        outcome="known" if same else "conflict",
        report_id=before[1],
        number=before[2],
    )


def _refused(row: PartnerRow, refusal: Refusal) -> RowResult:
    said: Text = refusal.detail or refusal.title
    return RowResult(
        external_id=row.external_id, outcome="refused", code=refusal.code, message=said.zh, message_en=said.en
    )


async def _prepare(row: PartnerRow, *, partner: Partner, now: datetime) -> submission.Prepared:
    """Refusals are raised here, before anything is written."""
    if row.channel not in partner.channels:
        raise KeyRefused(Text("该渠道未授权", "The key was not issued for this channel"), field="channel")
    draft = Draft(
        category=row.category,
        text=row.text,
        place=row.place,
        no_photo_reason="other",
        address=row.address,
        river=row.river,
        enterprise=row.enterprise,
        captured_at=row.captured_at,
    )
    print_ = print_of(row)
    request = submission.partner_request(partner.id, key=row.external_id, print_=print_, channel=row.channel, now=now)
    return await submission.prepare(draft, request=request)


async def _store(
    prepared: Mapping[int, submission.Prepared],
    rows: Mapping[int, PartnerRow],
    *,
    partner: Partner,
    known: dict[str, Before],
) -> dict[int, RowResult]:
    results: dict[int, RowResult] = {}
    new: list[tuple[UUID, str, bytes]] = []
    for place, done in zip(prepared, await submission.submit_all(list(prepared.values())), strict=True):
        row = rows[place]
        if isinstance(done, Refusal):
            results[place] = _refused(row, done)
            continue
        receipt = msgspec.json.decode(done.body, type=submission.ReportReceipt)
        known[row.external_id] = (print_of(row), receipt.id, receipt.number)
        results[place] = RowResult(
            external_id=row.external_id, outcome="created", report_id=receipt.id, number=receipt.number
        )
        if not done.replayed:
            new.append((receipt.id, row.external_id, print_of(row)))
    reports, ids, prints = ([entry[n] for entry in new] for n in range(3))
    await database.execute(REMEMBER, reports, partner.id, ids, prints)
    return results
