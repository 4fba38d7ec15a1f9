"""The contract's messages: CloudEvents 1.0 envelopes in JSON, both directions; `contract.schema.json` describes them.

Field names are snake_case, times RFC 3339 with offset, places WGS-84 degrees. Unknown fields are refused.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.cases.clocks import Node
from domain.cases.guards import ActorClass
from domain.cases.stages import Outcome, Stage
from domain.cases.updates import Kind, Update

UPDATES_PER_BATCH_MAX = 500
BODY_BYTES_MAX = 4 * 1024 * 1024
UPDATED = "green-whistle.case.updated.v1"
Moment = Annotated[datetime, Meta(tz=True)]
Id = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[\x21-\x7e]+$", description="printable, no spaces")]


class PhotoLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A photograph on the sender's side."""

    url: Annotated[str, Meta(min_length=8, max_length=2000)]
    role: Literal["site", "before", "after"] = "site"


class ExtensionAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """More time for one node; decided by the bureau and told to the reporter."""

    node: Node
    amount: Annotated[int, Meta(ge=1, le=30, description="in the unit of the node's limit")]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class UpdateData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happened to a case at the platform."""

    case_id: Annotated[UUID, Meta(description="data.case_id of the hand-over")]
    sequence: Annotated[int, Meta(ge=1, le=1_000_000, description="1, 2, 3 … per case and round, without gaps")]
    actor_class: ActorClass
    round: Annotated[int, Meta(ge=1, le=100)] = 1
    kind: Kind = Kind.STAGE
    stage: Stage | None = None
    unit: Annotated[str, Meta(max_length=60)] | None = None
    public_text: Annotated[str, Meta(max_length=2000, description="plain text; shown to the resident")] | None = None
    internal_text: Annotated[str, Meta(max_length=4000, description="never shown to residents")] | None = None
    outcome: Literal["solved", "partly", "unsubstantiated", "not_ours", "duplicate", "refused"] | None = None
    passed: Annotated[bool, Meta(description="result of a post-inspection")] | None = None
    penalty: Annotated[str, Meta(max_length=80, description="number of the penalty decision")] | None = None
    photos: Annotated[list[PhotoLink], Meta(max_length=9)] = []
    extension: ExtensionAsked | None = None


class UpdateEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One update as a CloudEvent; `id` is the platform's id of the update and stays the same when it is sent again."""

    specversion: Literal["1.0"]
    id: Id
    source: Annotated[str, Meta(min_length=1, max_length=200)]
    type: Literal["green-whistle.case.updated.v1"]
    time: Annotated[Moment, Meta(description="when it happened at the platform")]
    data: UpdateData
    subject: Annotated[str, Meta(max_length=200)] | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Annotated[str, Meta(max_length=300)] | None = None

    def update(self) -> Update:
        """The domain's view of it."""
        data = self.data
        return Update(
            update_id=self.id,
            case_id=data.case_id,
            round=data.round,
            sequence=data.sequence,
            kind=data.kind,
            actor_class=data.actor_class,
            happened_at=self.time,
            stage=data.stage,
            unit=data.unit,
            public_text=data.public_text,
            internal_text=data.internal_text,
            outcome=Outcome(data.outcome) if data.outcome else None,
            passed=data.passed,
            detail=_detail(data),
        )


def _detail(data: UpdateData) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if data.photos:
        parts["photos"] = [msgspec.to_builtins(photo) for photo in data.photos]
    if data.penalty:
        parts["penalty"] = data.penalty
    if data.extension:
        parts["extension"] = msgspec.to_builtins(data.extension)
    return parts


class UpdateTaken(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an admitted update: the same for every repetition of it."""

    update_id: str
    case_id: UUID
    round: int
    sequence: int
    accepted: Literal[True] = True


class ItemResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One item of a batch: `status` as the single call would have answered, with its answer or problem."""

    index: int
    status: int
    update_id: str | None = None
    taken: UpdateTaken | None = None
    problem: dict[str, Any] | None = None


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """The items in the order they were sent."""

    results: list[ItemResult]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is: WGS-84 degrees."""

    lng: float
    lat: float
    accuracy_m: float | None
    town: str
    address: str | None


class Photo(msgspec.Struct, frozen=True, kw_only=True):
    """A public copy without metadata, behind a link that expires."""

    url: str
    expires_at: datetime


class HandedReport(msgspec.Struct, frozen=True, kw_only=True):
    """One report that the case answers. `reporter` is a pseudonym that is linkable to nothing else."""

    number: str
    reporter: str
    text: str
    place: Place
    received_at: datetime
    captured_at: datetime | None
    channel: str
    river: UUID | None
    enterprise: UUID | None
    photos: list[Photo]


class CaseData(msgspec.Struct, frozen=True, kw_only=True):
    """A hand-over, or news about one."""

    case_id: UUID
    round_id: UUID
    round: int
    reason: str
    category: str
    category_zh: str
    unit: str
    reports: list[HandedReport]
    supporters: int
    updates_url: str
    platform_case_id: str | None = None
    answer: dict[str, Any] | None = None
    warning: dict[str, Any] | None = None


class CaseEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A message to the platform as a CloudEvent; `id` is the idempotency key of the message."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: CaseData
    dataschema: str
    specversion: Literal["1.0"] = "1.0"
    datacontenttype: Literal["application/json"] = "application/json"


class HandoverTaken(msgspec.Struct, frozen=True, kw_only=True):
    """The platform's answer to a message: its own id of the case, and since when it has it."""

    platform_case_id: Annotated[str, Meta(min_length=1, max_length=80)]
    accepted_at: Moment


def contract() -> dict[str, Any]:
    """The JSON Schema of both directions, as published."""
    kinds = [UpdateEvent, list[UpdateEvent], UpdateTaken, BatchResult, CaseEvent, HandoverTaken]
    _, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Green Whistle case platform contract, version 1",
        "description": "To the platform: CaseEvent, answered by HandoverTaken. From it: UpdateEvent or an array.",
        "oneOf": [{"$ref": "#/$defs/UpdateEvent"}, {"$ref": "#/$defs/CaseEvent"}],
        "$defs": parts,
    }
