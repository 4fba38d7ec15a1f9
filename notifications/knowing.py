"""What the notices of a batch of events draw from, read in a few statements, however many events there are."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.cases import people
from domain.kernel import database
from domain.reports import follows, reporters
from domain.reports.categories import CATEGORIES
from notifications.wording import Fact

FOLLOWED = frozenset({"CaseProgressed", "CaseClosed"})  # told to those who follow the public reports, too


class Known(NamedTuple):
    """Reports of cases; facts, account and followers of reports; accounts with an alert around a published report."""

    reports: Mapping[UUID, Sequence[UUID]] = {}
    facts: Mapping[UUID, dict[str, Fact]] = {}
    accounts: Mapping[UUID, UUID] = {}  # those of anonymous reports are missing
    followers: Mapping[UUID, Collection[UUID]] = {}
    near: Mapping[UUID, Collection[UUID]] = {}

    def facts_of(self, report: UUID, at: datetime) -> dict[str, Fact]:
        """Number, category and moment of a report."""
        return self.facts[report] | {"happened_at": at.isoformat()}


async def read(events: Collection[object], *, at: datetime) -> Known:
    """What these events need; they are met by their fields, so this room imports no sibling."""
    cases = {event.case_id for event in events if hasattr(event, "case_id")}
    own = {event.report_id for event in events if hasattr(event, "report_id")}
    names = {type(event).__name__ for event in events}
    return await of_cases(
        cases,
        at=at,
        own=own,
        published=own if "ReportPublished" in names else frozenset(),
        followed=bool(names & FOLLOWED),
    )


async def of_cases(
    cases: Collection[UUID],
    *,
    at: datetime,
    own: Collection[UUID] = (),
    published: Collection[UUID] = (),
    followed: bool = False,
) -> Known:
    """The same for named cases and reports."""
    reports = await people.reports_of_cases(list(cases)) if cases else {}
    every = [*own, *(report for joined in reports.values() for report in joined)]
    if not every:
        return Known(reports)
    return Known(
        reports,
        {row["id"]: _facts(row) for row in await database.fetch(FACTS, every)},
        await reporters.accounts_of(every, why="announcement", at=at),
        await follows.followers_of(every) if followed else {},
        await follows.accounts_near(list(published)) if published else {},
    )


FACTS = "select id, number, category from report where id = any($1)"


def _facts(row: Any) -> dict[str, Fact]:
    category = CATEGORIES.get(row["category"])
    name = [category.zh, category.en] if category else ["环境问题", "environmental problem"]
    return {"number": row["number"], "category": name}
