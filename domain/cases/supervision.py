"""Supervision of cases that turned red (再监督): opened by the light, closed by the oversight role with a finding."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.kernel import audit, database
from domain.kernel.errors import NotFound
from domain.kernel.ids import new_id


class Supervised(msgspec.Struct, frozen=True, kw_only=True):
    """A case under supervision, or one that was."""

    id: UUID
    case_id: UUID
    round: int
    node: str  # whose clock turned red first
    unit: str
    stage: str
    opened_at: datetime
    closed_at: datetime | None
    finding: str | None


async def open_(case_id: UUID, *, round_: int, warning: UUID, now: datetime) -> None:
    """Opens it, in the transaction of the warning; once for a case and round."""
    opened = await database.fetch_value(
        'insert into case_supervision (id, "case", round, warning, opened_at) values ($1, $2, $3, $4, $5)'
        " on conflict do nothing returning id",
        new_id(),
        case_id,
        round_,
        warning,
        now,
    )
    if opened is not None:
        detail = {"supervision": opened, "round": round_}
        await audit.append(actor="system", action="supervision.open", subject=f"case:{case_id}", at=now, detail=detail)


LISTED = """
select s.id, s."case" as case_id, s.round, w.node, f.unit, f.stage, s.opened_at, s.closed_at, s.finding
from case_supervision s join case_warning w on w.id = s.warning join case_file f on f.id = s."case"
where not $1 or s.closed_at is null order by s.opened_at desc, s.id limit $2
"""


async def listed(*, only_open: bool, limit: int) -> list[Supervised]:
    """The latest first."""
    return [Supervised(**dict(row)) for row in await database.fetch(LISTED, only_open, limit)]


async def close(supervision_id: UUID, *, finding: str, by: str, now: datetime) -> None:
    """What was found, in the caller's transaction. Raises `NotFound` for a closed or unknown one."""
    case_id = await database.fetch_value(
        "update case_supervision set closed_at = $2, closed_by = $3, finding = $4"
        ' where id = $1 and closed_at is null returning "case"',
        supervision_id,
        now,
        by,
        finding,
    )
    if case_id is None:
        raise NotFound
    detail = {"supervision": supervision_id}
    await audit.append(actor=by, action="supervision.close", subject=f"case:{case_id}", at=now, detail=detail)
