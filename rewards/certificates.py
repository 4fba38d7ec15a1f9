"""Certificates of service hours and of carbon saved: free, on request, at any time, checkable by number, revocable.

The signed text holds a masked name and totals by evidence class; the full name is sealed and printed only in the
holder's PDF.
"""

from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.kernel import audit, crypto, database, settings
from domain.kernel.errors import Invalid, NotFound, Text
from domain.kernel.ids import new_id, random_code
from rewards import sealing

Kind = Literal["hours", "carbon"]
PERIOD_MAX = timedelta(days=366 * 5)
NUMBER_SYMBOLS = 12  # 60 random bits


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A sum of one behaviour and evidence class. `minutes` and `milligrams` are integers."""

    behaviour: str
    evidence: str  # site-code | by-hand | corrected | machine | declared
    times: int
    minutes: int
    milligrams: int
    unconfirmed: bool


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What is certified; its exact JSON text is signed."""

    number: str
    kind: Kind
    holder: str  # masked
    from_day: date
    to_day: date
    minutes: int
    milligrams: int
    parts: list[Part]
    issuer: str
    issued_at: datetime


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate as stored."""

    number: str
    statement: str
    signature: bytes
    revoked_at: datetime | None
    revoked_reason: str | None

    @property
    def told(self) -> Statement:
        """The signed text, read."""
        return msgspec.json.decode(self.statement, type=Statement)


PARTS = """
select w.behaviour, case when t.id is not null and t.in_how in ('code', 'offline') and c.feed <> 'correction' then
'site-code'
    when c.feed = 'correction' then 'corrected' when t.id is not null then 'by-hand'
    when w.trust = 'A' then 'machine' when w.trust = 'B' then 'measured' else 'declared' end as evidence,
  count(*)::int as times, sum(w.minutes)::bigint as minutes, sum(w.milligrams)::bigint as milligrams,
  bool_or(w.unconfirmed) as unconfirmed
from reward_award w join reward_claim c on c.id = w.claim left join attendance t on t.claim = c.id
where w.account = $1 and c.state = 'awarded' and w.day between $2 and $3
  and case when $4 = 'hours' then w.minutes > 0 else w.milligrams > 0 end
group by 1, 2 order by 1, 2
"""


def masked(name: str) -> str:
    """A name as the public may see it: 张三丰 → 张**, Li Lei → L** ***."""
    return " ".join(word[0] + "*" * (len(word) - 1) for word in name.split())


async def issue(account: UUID, *, kind: Kind, name: str, from_day: date, to_day: date, now: datetime) -> Certificate:
    """Certifies what stands in the ledger for the period. Raises `Invalid` for an empty name or period."""
    if not name.strip() or not from_day <= to_day <= from_day + PERIOD_MAX:
        raise Invalid(Text("姓名或期间不合理", "The name or the period does not fit"), field="to_day")
    parts = [Part(**dict(row)) for row in await database.fetch(PARTS, account, from_day, to_day, kind)]
    number = f"GW{'H' if kind == 'hours' else 'C'}-{now:%Y}-{random_code(symbols=NUMBER_SYMBOLS)}"
    told = Statement(
        number=number,
        kind=kind,
        holder=masked(name),
        from_day=from_day,
        to_day=to_day,
        minutes=sum(part.minutes for part in parts),
        milligrams=sum(part.milligrams for part in parts),
        parts=parts,
        issuer=settings.current().public_url,
        issued_at=now,
    )
    text = msgspec.json.encode(told)
    certificate = Certificate(
        number=number, statement=text.decode(), signature=sealing.sign(text), revoked_at=None, revoked_reason=None
    )
    await _store(account, certificate, told, name=name, now=now)
    return certificate


async def _store(account: UUID, certificate: Certificate, told: Statement, *, name: str, now: datetime) -> None:
    ring = crypto.key_ring(settings.current().seal_keys)
    await database.execute(
        "insert into reward_certificate (id, number, account, kind, from_day, to_day, statement, signature,"
        " name_sealed,"
        " issued_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        new_id(),
        certificate.number,
        account,
        told.kind,
        told.from_day,
        told.to_day,
        certificate.statement,
        certificate.signature,
        ring.seal(name.encode(), context=f"certificate:{certificate.number}"),
        now,
    )


def _certificate(row: Any) -> Certificate:
    return Certificate(**{name: row[name] for name in Certificate.__struct_fields__})


async def find(number: str) -> Certificate:
    """Any certificate by its number; raises `NotFound`."""
    row = await database.fetch_row("select * from reward_certificate where number = $1", number)
    if row is None:
        raise NotFound
    return _certificate(row)


async def own(number: str, *, account: UUID) -> tuple[Certificate, str]:
    """The holder's certificate with the full name; raises `NotFound`."""
    row = await database.fetch_row(
        "select * from reward_certificate where number = $1 and account = $2", number, account
    )
    if row is None:
        raise NotFound
    ring = crypto.key_ring(settings.current().seal_keys)
    return _certificate(row), ring.open(row["name_sealed"], context=f"certificate:{number}").decode()


async def mine(account: UUID) -> list[Certificate]:
    """The holder's certificates, newest first."""
    rows = await database.fetch(
        "select * from reward_certificate where account = $1 order by id desc limit 100", account
    )
    return [_certificate(row) for row in rows]


async def revoke(number: str, *, reason: str, by: str, now: datetime) -> None:
    """Revokes once, for everybody to see; raises `NotFound` when it was revoked or never issued."""
    tag = await database.execute(
        "update reward_certificate set revoked_at = $2, revoked_reason = $3 where number = $1 and revoked_at is null",
        number,
        now,
        reason,
    )
    if not tag.endswith(" 1"):
        raise NotFound
    await audit.append(actor=by, action="certificate.revoked", subject=f"certificate:{number}", at=now)
