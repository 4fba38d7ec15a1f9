"""Who listens to which event, and who sends which kind of job. Nothing else stands here."""

from api.parts import Parts
from domain.kernel import chores
from domain.kernel.events import Event, Ticked
from domain.kernel.handling import Subscribers
from domain.kernel.leases import Sender
from domain.reports import handlers as reports
from domain.reports.events import ReportPublished, ReportSubmitted, ReportWithdrawn

SUBSCRIBERS: Subscribers = {
    Ticked: (chores.forget_old_answers, chores.seal_audit, chores.tidy_outbox),
    ReportSubmitted: (reports.publish_report,),
}

# Facts nobody acts on yet; they stay readable in the outbox and the audit trail.
UNHEARD: frozenset[type[Event]] = frozenset({ReportPublished, ReportWithdrawn})


def senders(parts: Parts) -> dict[str, Sender]:
    """The sender of every kind of job, bound to this process's parts."""
    return {}
