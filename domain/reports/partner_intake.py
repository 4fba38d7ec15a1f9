"""Reports from other sources, in batches: the partner's own id makes each happen once; a bad row spoils no other."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal
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
REMEMBER = "insert into partner_report (report, partner, external_id, fingerprint) values ($1, $2, $3, $4)"


async def take_batch(rows: Sequence[PartnerRow], *, partner: Partner, now: datetime) -> list[RowResult]:
    """One result per row, in order, in the caller's transaction. Batches of one partner run one after another."""
    await database.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", partner.principal)
    found = await database.fetch(KNOWN, partner.id, [row.external_id for row in rows])
    known: dict[str, tuple[bytes, UUID, str]] = {
        row["external_id"]: (row["fingerprint"], row["report"], row["number"]) for row in found
    }
    return [await _take(row, partner=partner, known=known, now=now) for row in rows]


async def _take(
    row: PartnerRow, *, partner: Partner, known: dict[str, tuple[bytes, UUID, str]], now: datetime
) -> RowResult:
    print_ = print_of(row)
    before = known.get(row.external_id)
    if before is not None:
        outcome: Any = "known" if before[0] == print_ else "conflict"
        return RowResult(external_id=row.external_id, outcome=outcome, report_id=before[1], number=before[2])
    try:
        report_id, number = await _store(row, partner=partner, print_=print_, now=now)
    except Refusal as refusal:
        said: Text = refusal.detail or refusal.title
        return RowResult(
            external_id=row.external_id, outcome="refused", code=refusal.code, message=said.zh, message_en=said.en
        )
    known[row.external_id] = (print_, report_id, number)
    return RowResult(external_id=row.external_id, outcome="created", report_id=report_id, number=number)


async def _store(row: PartnerRow, *, partner: Partner, print_: bytes, now: datetime) -> tuple[UUID, str]:
    """Refusals are raised before anything is written, so the transaction goes on after one."""
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
    request = submission.partner_request(partner.id, key=row.external_id, print_=print_, channel=row.channel, now=now)
    done = await submission.submit_report(draft, request=request)
    receipt = msgspec.json.decode(done.body, type=submission.ReportReceipt)
    if not done.replayed:
        await database.execute(REMEMBER, receipt.id, partner.id, row.external_id, print_)
    return receipt.id, receipt.number
