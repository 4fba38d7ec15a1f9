"""What follows from admitted updates for people: the timeline, the public form, questions, extensions, photographs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.cases import extensions, questions
from domain.cases.clocks import Node
from domain.cases.events import UpdatePhotosLinked
from domain.cases.history import Working
from domain.cases.stages import LABELS, Stage
from domain.cases.updates import Kind, Update
from domain.kernel import outbox
from domain.kernel.errors import Text
from domain.reports import timeline

STATUS: dict[Stage, timeline.Status] = {
    Stage.ACCEPTED: "accepted",
    Stage.CLOSED: "closed",
    Stage.REFUSED: "refused",
    Stage.REOPENED: "reopened",
}


async def tell(touched: Sequence[Working], *, ids: Mapping[str, UUID], now: datetime) -> None:
    """Tells of every fresh update of these cases; `ids` are our row ids by the platform's."""
    lines: list[timeline.Line] = []
    for working in touched:
        for update in working.fresh:
            await _follow(update, update_id=ids[update.update_id], now=now)
            if update.kind is not Kind.QUESTION:
                lines += _lines(update, working, update_id=ids[update.update_id])
    await timeline.append_all(lines)


async def _follow(update: Update, *, update_id: UUID, now: datetime) -> None:
    if update.kind is Kind.QUESTION:
        text = update.public_text or ""
        await questions.ask(update.case_id, round_=update.round, text=text, by="platform", now=now)
    if update.kind is Kind.EXTENSION:
        asked = update.detail["extension"]
        await extensions.ask(
            update.case_id,
            round_=update.round,
            node=Node(asked["node"]),
            amount=asked["amount"],
            reason=asked["reason"],
            by="platform",
            now=now,
        )
    if urls := [photo["url"] for photo in update.detail.get("photos", [])]:
        await outbox.record(UpdatePhotosLinked(case_id=update.case_id, update_id=update_id, urls=urls), at=now)


def _lines(update: Update, working: Working, *, update_id: UUID) -> list[timeline.Line]:
    """What the reporters read. A late update is told in its place and changes no status."""
    if update.stage is None and not update.public_text:
        return []
    latest = update.round == working.round and update.sequence == working.state.sequence
    label = LABELS[update.stage] if update.stage else Text("进展", "Progress")
    said = update.public_text
    note = Text(label.zh + (f"：{said}" if said else ""), label.en + (f": {said}" if said else ""))
    detail = {
        "round": update.round,
        "unit": update.unit,
        "outcome": update.outcome,
        "provisional": working.state.provisional if latest else None,
        "photos": f"update:{update_id}" if update.detail.get("photos") else None,
        "penalty": update.detail.get("penalty"),
    }
    status = STATUS.get(update.stage, "handling") if latest and update.stage else None
    kind, at = update.stage or update.kind, update.happened_at
    return [
        timeline.Line(report=report, kind=kind, note=note, at=at, status=status, detail=detail)
        for report in working.reports
    ]
