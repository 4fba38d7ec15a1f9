"""One thing to tell, and to whom. A notice names reports or accounts by id; what it says is in the catalogue."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.kernel.errors import Text
from notifications.knowing import Known
from notifications.wording import Fact


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell: to the reporter of `report`, to `account`, to `accounts`, or to followers of the `reach`."""

    wording: str
    subject: str
    facts: dict[str, Fact]
    report: UUID | None = None
    account: UUID | None = None
    accounts: tuple[UUID, ...] = ()  # many people, told in the inbox only
    audience: str | None = None  # area | town | district
    reach: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Unique among the notices of one event."""
        return f"{self.wording}|{self.audience or self.subject}"[:80]


def pair(text: Text) -> list[str]:
    """A fact in both languages."""
    return [text.zh, text.en]


def to_case(wording: str, case_id: UUID, at: datetime, known: Known, **more: Fact) -> list[Notice]:
    """To everybody whose report the case answers; joined reporters are told of their own number."""
    return [
        Notice(wording=wording, subject=f"case:{case_id}", facts=known.facts_of(report, at) | more, report=report)
        for report in known.reports.get(case_id, ())
        if report in known.facts
    ]
