"""Updates of requests, both ways (mySociety's extension).

Out: the public steps of published reports. In: a partner's update is recorded once by its own id and told to the
reporter. It moves no state: that is the case platform's alone, whatever the time of the update.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from api.open311.problems import BAD_REQUEST, NOT_FOUND, Fault, Refused
from api.open311.reading import STAGES, Query, moment, stamp
from domain.kernel import audit, database
from domain.kernel.errors import Refusal, Text
from domain.kernel.ids import new_id
from domain.kernel.redaction import redact
from domain.reports import drafts, timeline
from domain.reports.partners import Partner

CONFLICT = 409
DESCRIPTION_CHARS_MAX = 4_000
WORDS = {
    "submitted": "open",
    "accepted": "open",
    "signed": "open",
    "reopened": "reopen",
    "closed": "closed",
    "refused": "not_councils_responsibility",
    "withdrawn": "cancelled",
    "inspected": "investigating",
}  # every other stage is in_progress
TAKEN = frozenset(
    {
        "UNCHANGED", "OPEN", "CLOSED", "FIXED", "IN_PROGRESS", "PLANNED", "ACTION_SCHEDULED", "INVESTIGATING",
        "DUPLICATE", "NOT_COUNCILS_RESPONSIBILITY", "NO_FURTHER_ACTION", "INTERNAL_REFERRAL", "CANCELLED", "REOPEN",
        "FOR_TRIAGE",
    }
)  # fmt: skip
OUT = """
select t.id, t.at, t.kind, p.number from report_timeline t join public_report p on p.report = t.report
where p.hidden_at is null and t.kind = any($1) and ($2::timestamptz is null or t.at >= $2)
  and ($3::timestamptz is null or t.at <= $3) order by t.at, t.id limit $4 offset $5
"""
KNOWN = "select fingerprint from open311_update where partner = $1 and update_id = $2"
RECORD = """
insert into open311_update (id, partner, update_id, report, status, description, updated_at, fingerprint, received_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


class Update(msgspec.Struct, frozen=True):
    """A partner's update without faults."""

    update_id: str
    request: str
    status: str
    description: str
    at: datetime

    def print_(self) -> bytes:
        """What makes two updates the same."""
        return hashlib.sha256(msgspec.json.encode(self)).digest()


async def told(query: Query) -> list[dict[str, Any]]:
    """The public steps in a span of time, oldest first."""
    rows = await database.fetch(
        OUT, list(STAGES), query.start, query.end, query.page_size, (query.page - 1) * query.page_size
    )
    return [
        {
            "update_id": str(row["id"]),
            "service_request_id": row["number"],
            "status": WORDS.get(row["kind"], "in_progress"),
            "description": STAGES[row["kind"]],
            "updated_datetime": stamp(row["at"]),
            "media_url": None,
        }
        for row in rows
    ]


def check(fields: Mapping[str, str]) -> Update:
    """The update of a form; raises `Refused` with every fault."""
    names = ("update_id", "service_request_id", "status", "updated_datetime", "description")
    faults = [Fault(BAD_REQUEST, f"缺少 {name} / {name} is missing") for name in names if name not in fields]
    status = fields.get("status", "OPEN")
    if status not in TAKEN:
        faults.append(Fault(BAD_REQUEST, "status 不在允许的词表中 / unknown status"))
    description = fields.get("description", "-")
    try:
        at = moment(fields.get("updated_datetime"), name="updated_datetime")
        description = drafts.clean(description, field="description")
    except Refused as refused:
        faults += refused.faults
    except Refusal:
        faults.append(Fault(BAD_REQUEST, "description 含有不可用的字符 / holds control characters"))
    if len(description) > DESCRIPTION_CHARS_MAX or len(fields.get("update_id", "")) > 80:  # noqa: PLR2004 - column
        faults.append(Fault(BAD_REQUEST, "内容过长 / too long"))
    if faults or at is None:
        raise Refused(*faults)
    return Update(fields["update_id"], fields["service_request_id"], status, description, at)


async def take(update: Update, *, partner: Partner, now: datetime) -> str:
    """Records it once, in the caller's transaction; returns the update id. Raises `Refused`."""
    await database.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"{partner.id}|{update.update_id}")
    before = await database.fetch_value(KNOWN, partner.id, update.update_id)
    if before == update.print_():
        return update.update_id
    if before is not None:
        raise Refused(Fault(CONFLICT, "该 update_id 已用于其他内容 / this update_id has other content"))
    report = await database.fetch_value(
        "select report from public_report where number = $1 and hidden_at is null", update.request
    )
    if report is None:
        raise Refused(Fault(NOT_FOUND, "service_request_id 不存在 / unknown service_request_id"))
    said = redact(update.description, subject="person").text
    values = (update.update_id, report, update.status, said, update.at, update.print_(), now)
    await database.execute(RECORD, new_id(), partner.id, *values)
    note = Text(f"{partner.name}：{said}", f"{partner.name}: {said}")
    await timeline.append([report], kind="partner_update", note=note, at=update.at)
    await audit.append(actor=partner.principal, action="open311.update", subject=f"report:{report}", at=now)
    return update.update_id
