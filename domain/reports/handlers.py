"""What happens by itself after a report: publication of its redacted form, once its text may be shown."""

from collections.abc import Sequence

from domain.kernel import settings
from domain.kernel.handling import Recorded, together
from domain.reports import publication, text_screening
from domain.reports.publication import Ready


@together
async def publish_report(batch: Sequence[Recorded]) -> None:
    """The text is redacted by rule, checked where a check is configured, and shown; photos follow when screened."""
    if settings.current().content_screening != "none":
        await text_screening.queue(batch)
        return
    await publication.publish_all([Ready(report_id=r.event.report_id, at=r.at, origin=r.origin) for r in batch])
