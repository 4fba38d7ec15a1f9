"""Facts about accounts."""

from uuid import UUID

from domain.kernel.events import Event


class AccountClosed(Event, frozen=True, kw_only=True):
    """The owner closed the account: every room forgets what it holds about the person, and keeps what law keeps.

    The account row stays with the state `closed`; its id leads to nobody any more.
    """

    account_id: UUID
