"""People under 14: nothing personal is stored of them before a guardian has agreed (PIPL art. 31).

The app asks for the age group, never for a date of birth. Both answers are consents like any other: the purpose
`under_14` says that the person is, `guardian` that a guardian agrees; the latest answer counts, and a withdrawal stops
what needs it. Reporting anonymously stays possible for everybody.
"""

from uuid import UUID

from domain.kernel import database
from domain.kernel.errors import Refusal, Text


class GuardianNeeded(Refusal):
    """A person under 14 without a guardian's consent."""

    code = "guardian-consent-needed"
    status = 403
    title = Text("未满 14 周岁，需要监护人同意", "Under 14 a guardian has to agree first")
    advice = Text(
        "请由监护人在 POST /v1/me/consents 中同意（purpose: guardian）；也可以匿名举报。",
        "A guardian agrees at POST /v1/me/consents (purpose: guardian); anonymous reports need no consent.",
    )


ANSWERS = """
select distinct on (purpose) purpose, given from consent_record
where account = $1 and purpose in ('under_14', 'guardian') order by purpose, at desc, id desc
"""


async def require_guardian(account_id: UUID) -> None:
    """Raises `GuardianNeeded` for a person who said to be under 14 and whose guardian has not agreed."""
    said = {row["purpose"]: row["given"] for row in await database.fetch(ANSWERS, account_id)}
    if said.get("under_14") and not said.get("guardian"):
        raise GuardianNeeded
