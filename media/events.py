"""Facts about photographs. No event names a sender."""

from uuid import UUID

from domain.kernel.events import Event


class PhotosShown(Event, frozen=True, kw_only=True):
    """The number of publicly visible photographs of a subject was settled anew."""

    subject: str  # "report:<uuid>" or "update:<uuid>"
    count: int


class PhotoNeedsPerson(Event, frozen=True, kw_only=True):
    """Screening could not decide, or found a risk: a person must look."""

    photo_id: UUID
    subject: str
    suggestion: str  # review | risky


class PhotoFetchFailed(Event, frozen=True, kw_only=True):
    """A photograph of an update could not be fetched, or was refused; somebody should ask the sender again."""

    fetch_id: UUID
    subject: str
    reason: str
