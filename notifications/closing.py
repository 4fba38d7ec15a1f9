"""What notifications forget when an account is closed: everything that leads to the person.

What stays is that something was sent, on which channel and with what end, about which case: the proof that duties to
inform were kept. It stands under a random tag of its own, with no address and no account behind it.
"""

from datetime import datetime

from domain.kernel import database
from domain.residents.events import AccountClosed
from notifications import recipients

FORGET = (
    "delete from inbox_message where owner = $1",
    "delete from notice_follow where owner = $1",
    "delete from notice_owner where owner = $1",
    "delete from consent_credit where owner = $1",
    "delete from consent_entry where owner = $1",
)
# Jobs of deliveries that still wait, or are revived later, find them ended and make no call.
UNLINK = """
update notice_delivery set owner = gen_random_uuid(), recipient = '', provider_ref = null,
  state = case when state in ('waiting', 'dead') then 'skipped' else state end,
  reason = case when state in ('waiting', 'dead') then 'account-closed' else reason end,
  finished_at = coalesce(finished_at, $2)
where owner = $1
"""


async def forget_account(event: AccountClosed, /, *, event_id: int, at: datetime) -> None:
    """Inbox, choices, follows and consents go; deliveries no longer say to whom."""
    owner = recipients.tag_of(event.account_id)
    for statement in FORGET:
        await database.execute(statement, owner)
    await database.execute(UNLINK, owner, at)
