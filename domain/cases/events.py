"""Facts about cases. They name cases, rounds and questions; who is told is found through `people`."""

from datetime import datetime
from uuid import UUID

from domain.kernel.events import Event


class CaseAccepted(Event, frozen=True, kw_only=True):
    """The platform took the hand-over of a round."""

    case_id: UUID
    round: int


class CaseProgressed(Event, frozen=True, kw_only=True):
    """The case reached a stage later than any known before."""

    case_id: UUID
    stage: str
    round: int


class CaseClosed(Event, frozen=True, kw_only=True):
    """The round has a result. A provisional one is followed by another `CaseClosed`, or by `CaseReopened`."""

    case_id: UUID
    round: int
    outcome: str
    substantiated: bool
    provisional: bool


class CaseReopened(Event, frozen=True, kw_only=True):
    """A closed case is worked on again: a failed post-inspection, or a new round after "not solved"."""

    case_id: UUID
    round: int


class ResultRated(Event, frozen=True, kw_only=True):
    """A reporter judged the result of a round, or changed the judgement."""

    case_id: UUID
    round: int
    solved: bool
    satisfied: bool


class ReviewRequested(Event, frozen=True, kw_only=True):
    """The rounds are used up and a reporter still says "not solved"."""

    case_id: UUID
    review_id: UUID


class QuestionAsked(Event, frozen=True, kw_only=True):
    """The platform or an operator needs to know something from the reporter."""

    case_id: UUID
    question_id: UUID


class QuestionAnswered(Event, frozen=True, kw_only=True):
    """The reporter answered; the clocks run again."""

    case_id: UUID
    question_id: UUID


class ExtensionApproved(Event, frozen=True, kw_only=True):
    """A node has more time; the reporter is told why."""

    case_id: UUID
    node: str
    amount: int
    unit: str  # hour | workday | day


class UpdatePhotosLinked(Event, frozen=True, kw_only=True):
    """An admitted update names photographs on the platform's side; they are fetched, never linked to directly."""

    case_id: UUID
    update_id: UUID  # ours: the photographs belong to subject `update:<update_id>`
    urls: list[str]


class LightTurned(Event, frozen=True, kw_only=True):
    """A clock turned amber or red, or the platform has been silent for too long (node `silence`)."""

    case_id: UUID
    node: str
    light: str
    due_at: datetime


class HandoverDied(Event, frozen=True, kw_only=True):
    """A message to the platform was given up; operators see it among the dead letters."""

    case_id: UUID
    message: str
