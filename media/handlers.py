"""What happens by itself to photographs when a report is sent, published or withdrawn."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.cases.events import UpdatePhotosLinked
from domain.kernel import database, trace
from domain.kernel import settings as process_settings
from domain.kernel.crypto import SealBroken
from domain.kernel.geo import Point
from domain.kernel.handling import Recorded, together
from domain.reports import evidence
from domain.reports.events import ReportWithdrawn
from media import fetching, keys, publication, screening
from media.facts import CameraFacts

EVIDENCE = """
select p.id, p.facts, p.source, count(m.id) as seen, min(m.distance) as nearest
from photo p left join photo_match m on m.photo = p.id
where p.subject = $1 and p.state = 'ready' group by p.id order by p.position
"""


async def _with_photos(batch: Sequence[Recorded]) -> list[Recorded]:
    """Those events whose report has photographs."""
    subjects = [f"report:{recorded.event.report_id}" for recorded in batch]
    rows = await database.fetch("select distinct subject from photo where subject = any($1)", subjects)
    known = {row["subject"] for row in rows}
    return [recorded for recorded, subject in zip(batch, subjects, strict=True) if subject in known]


@together
async def screen_report_photos(batch: Sequence[Recorded]) -> None:
    """Queues the content check of every photograph of the reports."""
    for recorded in await _with_photos(batch):
        with trace.of(recorded.origin):
            await screening.queue(f"report:{recorded.event.report_id}", now=recorded.at)


@together
async def weigh_report_evidence(batch: Sequence[Recorded]) -> None:
    """Stores what the photographs say about the claims."""
    for recorded in await _with_photos(batch):
        await _weigh(recorded.event.report_id, at=recorded.at)


async def _weigh(report: UUID, *, at: datetime) -> None:
    claim = await evidence.claim_of(report)
    rows = await database.fetch(EVIDENCE, f"report:{report}")
    if claim is None or not rows:
        return
    signals = evidence.weigh(claim, [_evidence(row) for row in rows])
    await database.execute(
        "insert into report_evidence (report, signals, weighed_at) values ($1, $2::jsonb, $3) on conflict do nothing",
        report,
        msgspec.json.encode(signals).decode(),
        at,
    )


def _evidence(row: Any) -> evidence.PhotoEvidence:
    try:
        facts = keys.open_facts(row["facts"], photo=row["id"], settings=process_settings.current())
    except SealBroken:  # a key was retired too early: the report must not suffer
        facts = CameraFacts()
    place = facts.place
    return evidence.PhotoEvidence(
        place=Point(place.longitude, place.latitude) if place else None,
        accuracy_m=place.accuracy_m if place else None,
        taken_at=facts.taken_at,
        zone_given=facts.taken_zone == "given",
        gps_at=facts.gps_at,
        software=facts.software,
        source=row["source"],
        seen=row["seen"],
        nearest_bits=row["nearest"],
    )


async def fetch_update_photos(event: UpdatePhotosLinked, /, *, event_id: int, at: datetime) -> None:
    """Queues the fetch of the photographs a case-platform update names."""
    await fetching.queue(event.urls, subject=f"update:{event.update_id}", now=at)


@together
async def show_report_photos(batch: Sequence[Recorded]) -> None:
    """The publication rules allow the reports' photographs; those that passed screening are public now."""
    for recorded in await _with_photos(batch):
        await publication.allow(f"report:{recorded.event.report_id}", at=recorded.at)


async def hide_report_photos(event: ReportWithdrawn, /, *, event_id: int, at: datetime) -> None:
    """A withdrawn report shows nothing any more."""
    await publication.forbid(f"report:{event.report_id}", at=at)
