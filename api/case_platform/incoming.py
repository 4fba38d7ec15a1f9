"""Updates from the platform: verified, decoded one by one, applied together, answered one by one."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from litestar.exceptions import ValidationException

from api.case_platform.payloads import (
    UPDATES_PER_BATCH_MAX,
    BatchResult,
    ItemResult,
    UpdateEvent,
    UpdateTaken,
)
from api.case_platform.signing import SignatureRefused, keys_of, verify
from api.metrics import CASE_UPDATES, REFUSED
from api.problems import Malformed
from api.strict import read_json
from domain.cases import progress, recording
from domain.cases.progress import Verdict
from domain.kernel import database, settings
from domain.kernel.errors import Invalid, Refusal, Text

log = logging.getLogger(__name__)

Problems = Callable[[Refusal], dict[str, Any]]


class UpdateUnreadable(Invalid):
    """The message is not an update of the contract."""

    code = "update-unreadable"
    title = Text("更新不符合契约", "The update does not fit the contract")
    advice = Text("请对照 GET /v1/case-platform/schema。", "Compare it with GET /v1/case-platform/schema.")


def checked(headers: Mapping[str, str], *, body: bytes, now: datetime) -> None:
    """Raises `SignatureRefused` unless a live key signed exactly this body just now."""
    try:
        verify(headers, body=body, keys=keys_of(settings.current().case_platform_secrets), now=now)
    except SignatureRefused:
        REFUSED.labels("case-platform").inc()
        log.warning("signature_refused", extra={"peer": "case-platform"})
        raise


_one: msgspec.json.Decoder[UpdateEvent] = msgspec.json.Decoder(UpdateEvent)
_many: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[Any])


async def receive_one(body: bytes, *, now: datetime) -> tuple[UpdateTaken, bool]:
    """Applies one update; returns the answer and whether it was known before. Raises the refusal to answer."""
    try:
        event: UpdateEvent = read_json(body, decoder=_one)
    except (Malformed, ValidationException):
        await _quarantine([body], now=now)
        raise
    async with database.transaction():
        verdict = (await progress.apply([event.update()], now=now))[0]
    _count(verdict)
    if verdict.refusal is not None:
        raise verdict.refusal
    return taken(verdict), verdict.replayed


async def receive_batch(body: bytes, *, problem: Problems, now: datetime) -> BatchResult:
    """Applies an array of updates in one transaction; every item has its own result. `problem` renders a refusal."""
    try:
        raw: list[Any] = read_json(body, decoder=_many)
    except (Malformed, ValidationException):
        await _quarantine([body], now=now)
        raise
    if not 1 <= len(raw) <= UPDATES_PER_BATCH_MAX:
        raise Invalid(Text("每批 1–500 条", f"a batch has 1 to {UPDATES_PER_BATCH_MAX} updates"))
    return await _apply([decoded(item) for item in raw], raw, problem=problem, now=now)


def decoded(item: Any) -> UpdateEvent | UpdateUnreadable:
    """One item of a batch, or why it cannot be read."""
    try:
        return msgspec.convert(item, UpdateEvent)
    except msgspec.ValidationError as error:
        return UpdateUnreadable(facts={"reason": str(error)[:300]})


async def _apply(
    events: list[UpdateEvent | UpdateUnreadable], raw: list[Any], *, problem: Problems, now: datetime
) -> BatchResult:
    readable = [event for event in events if isinstance(event, UpdateEvent)]
    async with database.transaction():
        verdicts = iter(await progress.apply([event.update() for event in readable], now=now))
        bad = [
            msgspec.json.encode(item)
            for item, event in zip(raw, events, strict=True)
            if not isinstance(event, UpdateEvent)
        ]
        await recording.keep_unreadable(bad, code=UpdateUnreadable.code, now=now)
    results = [
        _result(index, next(verdicts), problem=problem)
        if isinstance(event, UpdateEvent)
        else ItemResult(index=index, status=event.status, problem=problem(event))
        for index, event in enumerate(events)
    ]
    return BatchResult(results=results)


def _result(index: int, verdict: Verdict, *, problem: Problems) -> ItemResult:
    update_id, refusal = verdict.update.update_id, verdict.refusal
    _count(verdict)
    if refusal is not None:
        return ItemResult(index=index, status=refusal.status, update_id=update_id, problem=problem(refusal))
    return ItemResult(index=index, status=200, update_id=update_id, taken=taken(verdict))


def _count(verdict: Verdict) -> None:
    result = verdict.refusal.code if verdict.refusal else ("replayed" if verdict.replayed else "taken")
    CASE_UPDATES.labels(result).inc()


def taken(verdict: Verdict) -> UpdateTaken:
    """The answer; it depends on the update alone, so a repetition is answered byte for byte the same."""
    update = verdict.update
    return UpdateTaken(update_id=update.update_id, case_id=update.case_id, round=update.round, sequence=update.sequence)


async def _quarantine(bodies: list[bytes], *, now: datetime) -> None:
    async with database.transaction():
        await recording.keep_unreadable(bodies, code=UpdateUnreadable.code, now=now)
