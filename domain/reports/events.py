"""Facts about reports. No event names an account: who sent a report is found through `reporters`."""

from uuid import UUID

from domain.kernel.events import Event


class ReportSubmitted(Event, frozen=True, kw_only=True):
    """A report was stored."""

    report_id: UUID
    number: str
    category: str
    channel: str


class ReportWithdrawn(Event, frozen=True, kw_only=True):
    """Its reporter took the report back before anybody was dispatched."""

    report_id: UUID


class ReportPublished(Event, frozen=True, kw_only=True):
    """The report's public form can be read by everybody."""

    report_id: UUID


class IdentitySeen(Event, frozen=True, kw_only=True):
    """Two officers opened who sent the report; the sender is told who, when and why."""

    report_id: UUID
    reveal_id: UUID
