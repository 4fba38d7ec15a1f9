"""Who is told what of acts of the bureau: penalties, chiefs' answers, looks at an identity, answers to enterprises."""

from datetime import datetime
from typing import Any

import msgspec

from domain.disclosure import chief_messages
from domain.kernel import database
from domain.kernel.errors import Text
from domain.reports import reveals
from notifications import knowing
from notifications.knowing import Known
from notifications.notices import Notice, pair, to_case

MATTERS = {
    "objection": Text("异议申请", "objection"),
    "reply": Text("陈述意见", "reply"),
    "repair": Text("信用修复申请", "request for repair"),
}
ANSWERS = {"upheld": Text("予以支持", "upheld"), "declined": Text("不予支持", "declined")}
REASON_SHOWN = 80  # symbols of an officer's reason; the whole stands with the report
DELEGATES = """
select d.account, e.name from rating_matter m join enterprise_rating r on r.id = m.rating
join enterprise_delegate d on d.enterprise = r.enterprise join enterprise e on e.id = d.enterprise
where m.id = $1 and d.accepted = 1 and d.revoked_at is null order by d.account
"""


async def entry_published(event: Any, at: datetime, known: Known) -> list[Notice]:
    """A penalty became public: those whose reports led to it hear so, found by the case or by the platform's number."""
    if event.dataset != "penalties" or event.version != 1:
        return []
    rows = await database.fetch(
        "select distinct \"case\" from case_update where detail->>'penalty' = $1"
        ' union select "case" from case_report where "case"::text = $2',
        event.key,
        event.case or "",
    )
    cases = [row["case"] for row in rows]
    found = await knowing.of_cases(cases, at=at)
    told = [notice for case_id in cases for notice in to_case("penalty_published", case_id, at, found)]
    return [
        msgspec.structs.replace(notice, account=found.accounts[notice.report])
        for notice in told
        if notice.report is not None and notice.report in found.accounts
    ]


async def identity_seen(event: Any, at: datetime, known: Known) -> list[Notice]:
    """Who sent a report was opened: the sender reads by whom, when and why."""
    if event.report_id not in known.facts:
        return []
    seen = await reveals.one_look(event.reveal_id)
    reason = seen.reason if len(seen.reason) <= REASON_SHOWN else seen.reason[: REASON_SHOWN - 1] + "…"
    facts = known.facts_of(event.report_id, seen.at) | {
        "officer": seen.officer,
        "approver": seen.approved_by,
        "purpose": [seen.purpose, seen.purpose_en],
        "reason": reason,
    }
    return [Notice(wording="identity_seen", subject=f"report:{event.report_id}", facts=facts, report=event.report_id)]


async def matter_answered(event: Any, at: datetime, known: Known) -> list[Notice]:
    """The bureau answered an enterprise: everybody verified to act for it."""
    rows = await database.fetch(DELEGATES, event.matter_id)
    subject = f"matter:{event.matter_id}"
    return [
        Notice(
            wording="matter_answered",
            subject=subject,
            facts={
                "enterprise": row["name"],
                "matter": pair(MATTERS.get(str(event.kind), Text("事项", "request"))),
                "outcome": pair(ANSWERS.get(str(event.outcome), Text("已答复", "answered"))),
            },
            account=row["account"],
        )
        for row in rows
    ]


async def chief_answered(event: Any, at: datetime, known: Known) -> list[Notice]:
    """The chief of a river answered a message."""
    account = await chief_messages.sender_of(event.message_id)
    subject, facts = f"chief-message:{event.message_id}", {"happened_at": at.isoformat()}
    return [Notice(wording="chief_answered", subject=subject, facts=dict(facts), account=account)]
