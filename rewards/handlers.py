"""What green credit does when facts arrive. Handlers only write rows."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.cases import people as case_people
from domain.cases.events import CaseClosed
from domain.reports import reporters
from rewards import awarding, claims, closing, people, report_rewards
from rewards.behaviours import BEHAVIOURS
from rewards.claims import NewClaim
from rewards.events import ClaimsReceived

REPORT = "verified-report"


async def award_verified_report(event: CaseClosed, /, *, event_id: int, at: datetime) -> None:
    """A substantiated, final closure pays every joined reporter once, staff and other excluded persons not.

    Anonymous reporters have no account to pay.
    """
    if not event.substantiated or event.provisional:
        return
    reports = await case_people.reports_of_case(event.case_id)
    await report_rewards.consider(event.case_id, reports, now=at)
    accounts = await reporters.accounts_of(reports, why="award", at=at)
    earning = await report_rewards.not_excluded(await closing.still_open(set(accounts.values())), now=at)
    new = [report_claim(event.case_id, account, at=at) for account in earning]
    for taken in await claims.take(new, now=at):
        if taken.outcome == "new" and taken.claim is not None:
            await awarding.settle(taken.claim, now=at)


def report_claim(case_id: UUID, account: UUID, *, at: datetime) -> NewClaim:
    """A claim that names neither case nor report: only the holder of the key can link them."""
    return NewClaim(
        account=account,
        behaviour=BEHAVIOURS[REPORT],
        proof="report",
        source="report",
        external_id=str(people.blinded("report-award", case_id, account)),
        feed="case-platform",
        from_at=at,
        to_at=at,
        inputs={"reports": Decimal(1)},
    )


async def settle_claims(event: ClaimsReceived, /, *, event_id: int, at: datetime) -> None:
    """Judges what came in; persons in one order, so that two batches do not wait for each other in a ring."""
    for claim_id in await awarding.in_person_order(event.claim_ids):
        await awarding.settle(claim_id, now=at)
