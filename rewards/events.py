"""Facts about green credit."""

from datetime import date, datetime
from typing import ClassVar
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


class ExpiryDue(Event, frozen=True, kw_only=True):
    """Points good until the month end `until` lapse for the next accounts beyond number `after`; a chain of batches."""

    apart: ClassVar[bool] = True
    until: date
    after: int


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


class ActivityReminded(Event, frozen=True, kw_only=True):
    """An activity somebody signed up for begins soon. `title` is [zh, en]."""

    activity_id: UUID
    account_id: UUID
    title: list[str]
    starts_at: datetime


class PlaceGiven(Event, frozen=True, kw_only=True):
    """Somebody on the waiting list moved in."""

    activity_id: UUID
    account_id: UUID
    title: list[str]
    starts_at: datetime


class ActivityCalledOff(Event, frozen=True, kw_only=True):
    """An organiser called an activity off; `account_ids` had a place or waited for one."""

    activity_id: UUID
    account_ids: list[UUID]
    title: list[str]
    starts_at: datetime
