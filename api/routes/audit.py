"""The audit trail for officers, and its published head for everybody."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.actors import Actor, require_role
from api.pages import Cursor, Limit, Page, decode_cursor, page_of
from domain.kernel import audit, clock, database

TAGS = ["Audit"]
HEAD_BLOCKS = 20
CACHE = {"Cache-Control": "public, max-age=60"}
Subject = Annotated[str | None, QueryParameter(max_length=120, description="Exactly this subject, as `report:<id>`.")]
Action = Annotated[str | None, QueryParameter(max_length=60, description="Exactly this action, as `approval.asked`.")]


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to which thing."""

    id: int
    at: datetime
    actor: Annotated[str, msgspec.Meta(description="`operator:<id>`, `system`, `platform` or a pseudonym.")]
    action: str
    subject: str
    detail: Annotated[dict[str, Any], msgspec.Meta(description="Particulars, never a personal value.")]
    block: Annotated[int | None, msgspec.Meta(description="The sealed block it belongs to; absent until sealed.")]


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One sealed block of the trail."""

    id: int
    rows: int
    hash: Annotated[str, msgspec.Meta(description="SHA-256, hexadecimal, over the block before and all rows.")]
    previous: str
    sealed_at: datetime


ROWS = """
select id, at, actor, action, subject, detail, seal from audit_entry
where ($1::bigint is null or id < $1) and ($2::text is null or subject = $2) and ($3::text is null or action = $3)
order by id desc limit $4
"""


@get("/v1/operator/audit", opt={"audience": "operator"}, tags=TAGS, summary="The audit trail")
async def audit_rows(
    operator: NamedDependency[Actor],
    subject: Subject = None,
    action: Action = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[AuditRow]:
    """Newest first. Needs the role auditor or administrator; reading it is itself recorded."""
    require_role(operator, "auditor", "administrator")
    place = decode_cursor(cursor, tuple[int])
    async with database.transaction():
        rows = await database.fetch(ROWS, place[0] if place else None, subject, action, limit + 1)
        await audit.append(
            actor=operator.principal,
            action="audit.read",
            subject="audit",
            at=clock.utc_now(),
            detail={"subject": subject, "action": action, "rows": min(len(rows), limit)},
        )
    return page_of(rows, limit=limit, key=("id",), items=[audit_row(row) for row in rows])


def audit_row(row: Any) -> AuditRow:
    """The wire form of a row of `audit_entry`."""
    return AuditRow(
        id=row["id"],
        at=row["at"],
        actor=row["actor"],
        action=row["action"],
        subject=row["subject"],
        detail=msgspec.json.decode(row["detail"]),
        block=row["seal"],
    )


@get("/v1/public/audit/head", opt={"audience": "public"}, tags=TAGS, summary="The published head of the audit trail")
async def head() -> Response[list[Block]]:
    """The latest blocks of the hash chain, newest first. Keep a copy: a changed row can then be proven."""
    rows = await database.fetch(
        "select id, rows, hash, previous, sealed_at from audit_seal order by id desc limit $1", HEAD_BLOCKS
    )
    blocks = [
        Block(
            id=row["id"],
            rows=row["rows"],
            hash=row["hash"].hex(),
            previous=row["previous"].hex(),
            sealed_at=row["sealed_at"],
        )
        for row in rows
    ]
    return Response(blocks, headers=CACHE)


ROUTES = [audit_rows, head]
