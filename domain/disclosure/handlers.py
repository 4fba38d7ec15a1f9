"""What the disclosure room does when others report facts: rows of the register, settled dues."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Protocol

from domain.disclosure import publication
from domain.disclosure.datasets.enterprise_ratings import ENTERPRISE_RATINGS
from domain.disclosure.publication import Author


class ShownRating(Protocol):
    """The event of the enterprises room, seen from here: the two rooms do not know each other."""

    credit_code: str
    decided_on: date
    objections_until: date | None


class ShownRatings(Protocol):
    """Many of them at once."""

    ratings: Sequence[ShownRating]


class EndedRating(Protocol):
    """A rating that left the register."""

    credit_code: str


def _row(event: ShownRating) -> dict[str, Any]:
    row = {field.name: getattr(event, field.name) for field in ENTERPRISE_RATINGS.imported}
    for name in ("decided_on", "objections_until"):
        row[name] = row[name].isoformat() if row[name] is not None else None
    return {name: value for name, value in row.items() if value is not None}


async def show_rating(event: ShownRating, /, *, event_id: int, at: datetime) -> None:
    """The register's entry of an enterprise becomes what the event says."""
    author = Author(by="system", source=ENTERPRISE_RATINGS.source.zh)
    await publication.publish(ENTERPRISE_RATINGS, [_row(event)], author=author, now=at)


async def show_ratings(event: ShownRatings, /, *, event_id: int, at: datetime) -> None:
    """The same for a block of a cycle."""
    author = Author(by="system", source=ENTERPRISE_RATINGS.source.zh)
    await publication.publish(ENTERPRISE_RATINGS, [_row(rating) for rating in event.ratings], author=author, now=at)


async def end_rating(event: EndedRating, /, *, event_id: int, at: datetime) -> None:
    """The entry leaves the register."""
    current = await publication.current_versions(ENTERPRISE_RATINGS, [event.credit_code])
    if event.credit_code in current and current[event.credit_code].state == "public":
        await publication.take_down(
            ENTERPRISE_RATINGS, event.credit_code, state="repaired", reason="评价有效期届满", by="system", now=at
        )
