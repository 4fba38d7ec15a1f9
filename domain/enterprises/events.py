"""Facts about ratings. `RatingShown` carries exactly what the public register shows, and nothing else."""

from datetime import date
from uuid import UUID

from domain.kernel.events import Event


class RatingShown(Event, frozen=True, kw_only=True):
    """A rating was publicised, published, adjusted or repaired: the register's entry as it is now."""

    credit_code: str
    name: str
    industry: str | None
    town: str | None
    lng: float | None
    lat: float | None
    year: int
    grade: str
    stage: str
    decided_on: date
    basis: str
    reason: str | None
    authority: str
    objections_until: date | None


class RatingsShown(Event, frozen=True, kw_only=True):
    """A block of a cycle was publicised or published at once."""

    ratings: tuple[RatingShown, ...]


class RatingsUnpublished(Event, frozen=True, kw_only=True):
    """Final ratings of a year are near (`amber`) or past (`red`) the day by which they have to be published."""

    year: int
    publish_by: date
    light: str


class RatingExpired(Event, frozen=True, kw_only=True):
    """A rating ended; its entry leaves the register."""

    credit_code: str
    year: int


class MatterOpened(Event, frozen=True, kw_only=True):
    """An enterprise objected, replied or asked for repair."""

    matter_id: UUID
    rating_id: UUID
    kind: str


class MatterAnswered(Event, frozen=True, kw_only=True):
    """The bureau answered an objection or decided about a repair."""

    matter_id: UUID
    rating_id: UUID
    kind: str
    outcome: str


class MatterLate(Event, frozen=True, kw_only=True):
    """An answer is near (`amber`) or past (`red`) its day."""

    matter_id: UUID
    kind: str
    light: str
