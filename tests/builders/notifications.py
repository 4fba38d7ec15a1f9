"""Cases as notifications see them, and a worker that drains rows in this process."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from domain.cases.tables import CaseFile, CaseReport
from domain.kernel import clock, database, handling, leases, outbox
from domain.kernel.events import Event
from domain.kernel.ids import new_id
from domain.kernel.leases import Sender
from notifications import announcing
from notifications.handlers import announce
from notifications.notices import Notice
from notifications.tables import NoticeDelivery
from rewards.events import PointsAwarded
from tests.builders.residents import Resident


async def a_case(*reports: UUID, now: datetime | None = None) -> UUID:
    """A case that answers these reports."""
    now, case = now or clock.utc_now(), new_id()
    await CaseFile(
        id=case,
        category="water.outfall",
        channel="miniprogram",
        town="yunxi",
        unit="water",
        needs_post_inspection=False,
        opened_at=now,
        round=1,
        stage="accepted",
        stage_since=now,
        closed=False,
        provisional=False,
    ).save()
    for report in reports:
        await CaseReport(id=new_id(), case=case, report=report, joined_at=now, joined_by="first").save()
    return case


async def happened(event: Event, *, now: datetime | None = None) -> int:
    """Records an event and announces it, as the worker does; returns the outbox id."""
    now = now or clock.utc_now()
    async with database.transaction():
        event_id = await outbox.record(event, at=now)
    await handling.handle([event_id], subscribers={type(event): (announce,)}, now=now)
    error = await database.fetch_value("select error from outbox_event where id = $1", event_id)
    assert error is None, error
    return event_id


async def send_due(senders: Mapping[str, Sender], *, now: datetime | None = None) -> list[str]:
    """Sends every due job once; the outcomes in order of their jobs."""
    now, outcomes = now or clock.utc_now(), []
    for job in await leases.claim(await leases.offer(now=now), now=now):
        outcome = await senders[job.kind].send(job)
        await leases.record_outcome(job, outcome, sender=senders[job.kind], now=now)
        outcomes.append(type(outcome).__name__)
    return outcomes


async def deliveries() -> list[tuple[str, str, str]]:
    """(channel, state, reason) of every delivery."""
    rows = await NoticeDelivery.select().order_by(NoticeDelivery.created_at)
    return [(row["channel"], row["state"], row["reason"]) for row in rows]


async def told(resident: Resident, *, times: int = 1, points: int = 20) -> None:
    for number in range(times):
        await happened(
            PointsAwarded(transfer_id=number, account_id=resident.account, points=points + number, behaviour="x")
        )


async def broadcast(headline: str = "全区公告") -> None:
    notice = Notice(
        wording="district_notice",
        subject="district",
        facts={"headline": [headline, "Notice"], "message": ["内容", "Text"]},
        audience="district",
    )
    async with database.transaction():
        await announcing.tell_audience(notice, event_id=0, at=clock.utc_now())
