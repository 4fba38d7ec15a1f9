"""Facts about photographs. No event names a sender."""

from uuid import UUID

from domain.kernel.events import Event


class PhotoNeedsPerson(Event, frozen=True, kw_only=True):
    """Screening could not decide, or found a risk: a person must look."""

    photo_id: UUID
    subject: str  # "report:<uuid>" or "update:<uuid>"
    suggestion: str  # review | risky


class PhotoFetchFailed(Event, frozen=True, kw_only=True):
    """A photograph of an update could not be fetched, or was refused; somebody should ask the sender again."""

    fetch_id: UUID
    subject: str
    reason: str


class PhotoObjectMissing(Event, frozen=True, kw_only=True):
    """A row's object is not in the store: evidence is lost, an operator must know."""

    photo_id: UUID
    which: str  # original | copies
