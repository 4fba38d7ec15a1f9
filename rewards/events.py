"""Facts about green credit."""

from uuid import UUID

from domain.kernel.events import Event


class ClaimsReceived(Event, frozen=True, kw_only=True):
    """Claims were stored and wait to be judged."""

    claim_ids: list[UUID]


class PointsAwarded(Event, frozen=True, kw_only=True):
    """Points or grams were posted to a resident."""

    transfer_id: int
    account_id: UUID
    points: int
    behaviour: str


class ClaimRefused(Event, frozen=True, kw_only=True):
    """A claim earned nothing; the resident may appeal."""

    claim_id: UUID
    account_id: UUID
    behaviour: str
    reason: str


class PointsReversed(Event, frozen=True, kw_only=True):
    """An award was taken back."""

    transfer_id: int
    account_id: UUID
    points: int
    reason: str
