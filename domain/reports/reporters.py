"""The sealed reporter: who sent a report, kept apart from it and readable only with the sealing key.

`account_of` is for the product's own messages and awards; a person looks only through `reveals`. Other machines get
`pseudonym`. `owner_tag` is a keyed hash, so the database alone cannot tell which reports belong to one person.
"""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from domain.kernel import audit, crypto, database, settings


@lru_cache(maxsize=4096)
def _tag(account_id: UUID, secret: str) -> bytes:
    return crypto.blind_index(str(account_id), secret=secret, purpose="report-owner")


def owner_tag(account_id: UUID) -> bytes:
    """The keyed hash under which an account's reports are found."""
    return _tag(account_id, settings.current().lookup_secret)


def seal_context(report_id: UUID) -> str:
    """What a sealed account id is bound to."""
    return f"sealed_reporter:{report_id}"


def seal(account_id: UUID, *, report_id: UUID) -> bytes:
    """The account id, encrypted for this report only."""
    ring = crypto.key_ring(settings.current().seal_keys)
    return ring.seal(account_id.bytes, context=seal_context(report_id))


def unseal(sealed: bytes, *, report_id: UUID) -> UUID:
    """The account id; raises `crypto.SealBroken`."""
    ring = crypto.key_ring(settings.current().seal_keys)
    return UUID(bytes=ring.open(sealed, context=seal_context(report_id)))


async def account_of(report_id: UUID, *, why: str, at: datetime) -> UUID | None:
    """The account behind a report; None for anonymous reports and sensors. The opening is one row of the trail."""
    return (await accounts_of([report_id], why=why, at=at)).get(report_id)


async def accounts_of(report_ids: Collection[UUID], *, why: str, at: datetime) -> dict[UUID, UUID]:
    """The accounts behind many reports; reports without one are missing.

    Every opening is written down with its purpose, here where no caller can leave it out: one row for one call, which
    names the reports and never whom they led to.
    """
    rows = await database.fetch("select report, sealed from sealed_reporter where report = any($1)", list(report_ids))
    if rows:
        opened = [row["report"] for row in rows]
        subject = f"report:{opened[0]}" if len(opened) == 1 else "reporters"
        detail = {"why": why, "reports": opened}
        await audit.append(actor="system", action="reporter.open", subject=subject, at=at, detail=detail)
    return {row["report"]: unseal(row["sealed"], report_id=row["report"]) for row in rows}


async def owns(account_id: UUID, *, report_id: UUID) -> bool:
    """Whether this account sent the report."""
    found = await database.fetch_value(
        "select true from sealed_reporter where report = $1 and owner_tag = $2", report_id, owner_tag(account_id)
    )
    return bool(found)


async def reports_of(account_id: UUID, *, limit: int = 100, before: UUID | None = None) -> list[UUID]:
    """The account's report ids, newest first; `before` continues a listing."""
    rows = await database.fetch(
        "select report from sealed_reporter where owner_tag = $1 and ($2::uuid is null or report < $2)"
        " order by report desc limit $3",
        owner_tag(account_id),
        before,
        limit,
    )
    return [row["report"] for row in rows]


PSEUDONYM_SYMBOLS = 10
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def pseudonym(report_id: UUID) -> str:
    """The name other machines and pages may use for the reporter: stable for the report, linkable to nothing else."""
    digest = crypto.blind_index(str(report_id), secret=settings.current().lookup_secret, purpose="pseudonym")
    return "R-" + "".join(ALPHABET[byte & 31] for byte in digest[:PSEUDONYM_SYMBOLS])
