"""What happens by itself after a report: publication of its redacted form."""

from datetime import datetime

from domain.reports import publication
from domain.reports.events import ReportSubmitted


async def publish_report(event: ReportSubmitted, /, *, event_id: int, at: datetime) -> None:
    """The text is redacted by rule and shown; photos follow when they are screened."""
    await publication.publish(event.report_id, now=at)
