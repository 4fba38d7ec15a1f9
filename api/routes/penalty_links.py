"""What a penalty belongs to: the enterprise's page, the case, and the published reports that led to it."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import get

from api.open_data.questions import EntryKey
from domain.disclosure import reading
from domain.disclosure.datasets.penalties import PENALTIES
from domain.kernel import clock, database, settings

REPORTS_MAX = 50
# The case is known by the platform, which named the decision, or by the officer, who named the case.
REPORTS = """
select p.report, p.number from public_report p join case_report cr on cr.report = p.report and cr.left_at is null
where p.hidden_at is null and cr."case" in (
  select "case" from case_update where detail->>'penalty' = $1
  union select "case" from case_report where "case"::text = $2)
order by p.received_at limit $3
"""


class LinkedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A published report; hidden and unpublished ones stay unnamed."""

    id: UUID
    number: str
    link: str


class PenaltyLinks(msgspec.Struct, frozen=True, kw_only=True):
    """Where to read on."""

    enterprise: str | None
    case_number: str | None
    reports: list[LinkedReport]


@get(
    "/v1/disclosure/penalties/{key:str}/links",
    opt={"audience": "public"},
    tags=["disclosure"],
    summary="Enterprise, case and reports of a penalty",
)
async def links(key: EntryKey) -> PenaltyLinks:
    """The enterprise's public page, the case number, and the published reports that led to the decision."""
    today, base = clock.local_day(clock.utc_now()), settings.current().public_url.rstrip("/")
    entry: dict[str, Any] = msgspec.json.decode(await reading.one(PENALTIES, key, today=today))
    code, case = entry.get("credit_code"), entry.get("case_number")
    rows = await database.fetch(REPORTS, key, case or "", REPORTS_MAX)
    return PenaltyLinks(
        enterprise=f"{base}/v1/enterprises/{code}" if code else None,
        case_number=case,
        reports=[
            LinkedReport(id=row["report"], number=row["number"], link=f"{base}/v1/public/reports/{row['report']}")
            for row in rows
        ],
    )


ROUTES = [links]
