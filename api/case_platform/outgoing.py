"""Sends messages to the case platform: built when sent, signed, head-of-line per case, retried for 75 hours.

The answer decides: 2xx with the platform's id is acceptance; 410 switches the peer off until an operator switches it
on; most other 4xx are dead letters, because repeating them is pointless; everything else is retried. While the breaker
is open no call is made and no attempt is counted.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

import httpx
import msgspec

from api.case_platform import messages, open311_driver
from api.case_platform.messages import Links
from api.case_platform.payloads import CaseEvent, HandoverTaken
from api.case_platform.signing import headers, keys_of
from api.parts import HTTP_TOTAL_TIMEOUT_S, Parts
from domain.cases import dead_letters, forwarding, peers, warnings
from domain.kernel import clock, database
from domain.kernel.leases import LEASE_S, Dead, Done, Job, Outcome, Retry, Send, Sender
from notifications.breaker import Breaker

MINUTE, HOUR = 60.0, 3600.0
WAITS_S = (2.0, 10.0, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
RETRIED_FOR_S = 75 * HOUR
assert sum(WAITS_S) >= RETRIED_FOR_S
assert HTTP_TOTAL_TIMEOUT_S < LEASE_S  # a lease outlives the call it covers
RETRY_AFTER_MAX_S = 24 * HOUR
ANSWER_BYTES_MAX = 64 * 1024
RETRIED_4XX = frozenset({401, 403, 404, 408, 409, 423, 425, 429})  # keys, routing and load are mended at the peer
GONE = 410
HANDS_OVER, WARNS = frozenset({"opened", "reopened"}), frozenset({"warned", "chased"})


def sender(parts: Parts, *, links: Links, now: Callable[[], datetime] = clock.utc_now) -> Sender:
    """The sender of kind `forward`. `links` makes expiring links to the photographs of reports."""

    async def prepare(jobs: Sequence[Job]) -> Send:
        return await _prepared(jobs, parts=parts, links=links, now=now())

    async def send(job: Job) -> Outcome:
        return await (await prepare([job]))(job)

    return Sender(send=send, prepare=prepare, waits_s=WAITS_S, done=_record, died=dead_letters.tell)


async def _prepared(jobs: Sequence[Job], *, parts: Parts, links: Links, now: datetime) -> Send:
    """What a batch needs is read once; each attempt then only calls."""
    held = await _held(parts)
    known = None if held is not None else await messages.read(jobs, links=links, now=now)

    async def send(job: Job) -> Outcome:
        if known is None:
            return held or Retry("held")
        event = await messages.build(job, known=known, settings=parts.settings, links=links)
        if event is None:
            return Done("nothing to tell any more")
        return await _forward(event, job, parts=parts, now=now)

    return send


async def _forward(event: CaseEvent, job: Job, *, parts: Parts, now: datetime) -> Outcome:
    """One attempt."""
    try:
        if parts.settings.case_platform_driver == "open311":
            return await _by_open311(event, job, parts=parts, now=now)
        response = await _post(event, parts=parts, now=now)
    except httpx.HTTPError as error:
        await Breaker(redis=parts.redis, provider=peers.PLATFORM).failed()
        return Retry(f"no answer: {type(error).__name__}")
    return await _judge(response, parts=parts, now=now) or _taken(response, _read(response))


async def _held(parts: Parts) -> Outcome | None:
    """Why no call is made now; None when one may be made."""
    if not parts.settings.case_platform_url:
        return Retry("GW_CASE_PLATFORM_URL is empty")
    if (why := await peers.disabled(peers.PLATFORM)) is not None:
        return Dead(f"peer switched off: {why}")
    if (wait_s := await Breaker(redis=parts.redis, provider=peers.PLATFORM).open_for_s()) > 0:
        return Retry("breaker open", after_s=wait_s, counted=False)
    return None


async def _post(event: CaseEvent, *, parts: Parts, now: datetime) -> httpx.Response:
    body = msgspec.json.encode(event)
    signed = headers(message_id=event.id, at=now, body=body, keys=keys_of(parts.settings.case_platform_secrets))
    return await parts.http.post(
        f"{parts.settings.case_platform_url.rstrip('/')}/messages",
        content=body,
        headers={"Content-Type": "application/cloudevents+json", **signed},
    )


async def _by_open311(event: CaseEvent, job: Job, *, parts: Parts, now: datetime) -> Outcome:
    """The same through GeoReport v2; what an earlier attempt made is found before another is made."""
    if event.type not in open311_driver.HANDS_OVER or not event.data.reports:
        return Done("Open311 has no such message")
    if job.attempts > 1 and (found := await open311_driver.find(event, parts=parts, now=now)) is not None:
        return Done("found at the peer", found)
    response = await open311_driver.post(event, parts=parts)
    answer = open311_driver.read(response, now=now)
    return await _judge(response, parts=parts, now=now) or _taken(response, answer)


async def _judge(response: httpx.Response, *, parts: Parts, now: datetime) -> Outcome | None:
    """What an answer that is no success means; None for a 2xx."""
    status = response.status_code
    wish_s = retry_after(response.headers.get("Retry-After"), now=now)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS:
        await Breaker(redis=parts.redis, provider=peers.PLATFORM).failed()
        return Retry(f"HTTP {status}", after_s=wish_s)
    await Breaker(redis=parts.redis, provider=peers.PLATFORM).answered()
    if status == GONE:
        async with database.transaction():
            await peers.disable(peers.PLATFORM, why="the peer answered 410 Gone", now=now)
        return Dead("HTTP 410: peer switched off")
    if status in RETRIED_4XX:
        return Retry(f"HTTP {status}", after_s=wish_s)
    return None if response.is_success else Dead(f"HTTP {status}")


def _read(response: httpx.Response) -> HandoverTaken | None:
    """The answer of our own contract; None when it is unreadable."""
    if len(response.content) > ANSWER_BYTES_MAX:
        return None
    try:
        return msgspec.json.decode(response.content, type=HandoverTaken)
    except (UnicodeDecodeError, msgspec.DecodeError):
        return None


def _taken(response: httpx.Response, answer: HandoverTaken | None) -> Outcome:
    """A 2xx counts only with a readable answer: a proxy's welcome page accepts nothing."""
    if answer is None:
        return Retry("2xx without a readable answer")
    return Done(f"HTTP {response.status_code}", answer)


async def _record(accepted: Sequence[tuple[Job, Done]], now: datetime) -> None:
    """What follows from the platform's answers, in the transaction that records them."""
    taken = [
        forwarding.Acceptance(
            case_id=UUID(job.payload["case"]),
            round=job.payload["round"],
            platform_case=done.answer.platform_case_id,
            at=min(done.answer.accepted_at, now),
            origin=job.origin,
        )
        for job, done in accepted
        if job.payload["message"] in HANDS_OVER and done.answer is not None
    ]
    if taken:
        await forwarding.record_acceptances(taken, now=now)
    for job, done in accepted:
        if job.payload["message"] in WARNS and done.answer is not None:
            await warnings.record_proof(job.id, proof=done.note, now=now)


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """The peer's wish in seconds, from either form of the header; None when absent or unreadable."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), RETRY_AFTER_MAX_S)
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - now) / timedelta(seconds=1), 0.0), RETRY_AFTER_MAX_S)
