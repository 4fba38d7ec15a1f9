"""Repair of an entry: only after its shortest public period."""

from datetime import date, datetime

import msgspec

from domain.disclosure import publication, reading
from domain.disclosure.dataset import Dataset
from domain.kernel import clock
from domain.kernel.errors import Refusal, Text


class RepairTooEarly(Refusal):
    """The shortest public period has not passed."""

    code = "repair-too-early"
    title = Text("尚未到最短公示期", "The shortest public period has not passed")
    advice = Text("到期后可申请信用修复。", "Repair can be asked for after that day.")


async def repair(dataset: Dataset, key: str, *, reason: str, by: str, now: datetime) -> None:
    """Ends the display of an entry; raises `NotFound`, `RepairTooEarly`, `AlreadyTakenDown`."""
    today = clock.local_day(now)
    row = msgspec.json.decode(await reading.one(dataset, key, today=today))
    possible = row.get("repair_from")
    if possible is not None and today < date.fromisoformat(possible):
        raise RepairTooEarly(facts={"repair_from": possible})
    await publication.take_down(dataset, key, state="repaired", reason=reason, by=by, now=now)
