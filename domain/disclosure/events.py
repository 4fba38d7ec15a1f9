"""Facts about what the bureau published. Keys name public entries; nothing personal."""

from uuid import UUID

from domain.kernel.events import Event


class EntryPublished(Event, frozen=True, kw_only=True):
    """A row of a dataset became public, or a new version of it did. `case` is the case that led to it, if any."""

    dataset: str
    key: str
    version: int
    case: str | None = None


class EntryTakenDown(Event, frozen=True, kw_only=True):
    """An entry was withdrawn or repaired and is no longer shown."""

    dataset: str
    key: str
    state: str


class PublicationLate(Event, frozen=True, kw_only=True):
    """Something that has to be published (or withdrawn, see `duty`) is near (`amber`) or past (`red`) its day."""

    dataset: str
    subject: str
    unit: str
    light: str
    duty: str = "publish"


class ChiefMessaged(Event, frozen=True, kw_only=True):
    """A resident wrote to the chief of a river."""

    message_id: UUID
    river: str
    level: str


class ChiefMessageEscalated(Event, frozen=True, kw_only=True):
    """No answer in time: the message went to the next level."""

    message_id: UUID
    river: str
    level: str


class ChiefAnswered(Event, frozen=True, kw_only=True):
    """The chief answered."""

    message_id: UUID
    river: str
