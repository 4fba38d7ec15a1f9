"""An update of the case platform as the domain sees it, whatever wire it came over."""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from domain.cases.guards import ActorClass
from domain.cases.stages import Outcome, Stage, Step


class Kind(StrEnum):
    """What an update brings."""

    STAGE = "stage"
    NOTE = "note"
    QUESTION = "question"
    EXTENSION = "extension"


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One update; `update_id` is the platform's, (round, sequence) its place in history."""

    update_id: str
    case_id: UUID
    round: int
    sequence: int
    kind: Kind
    actor_class: ActorClass
    happened_at: datetime
    stage: Stage | None = None
    unit: str | None = None
    public_text: str | None = None
    internal_text: str | None = None
    outcome: Outcome | None = None
    passed: bool | None = None
    detail: dict[str, Any] = {}

    def body_hash(self) -> bytes:
        """SHA-256 of everything the update says: the same id must say the same."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).digest()

    def step(self) -> Step:
        """The update as the stage graph sees it."""
        return Step(
            update_id=self.update_id,
            round=self.round,
            sequence=self.sequence,
            stage=self.stage if self.kind is Kind.STAGE else None,
            at=self.happened_at,
            outcome=self.outcome,
            passed=self.passed,
        )
