"""Sends messages to the case platform: built when sent, signed, head-of-line per case, retried for 75 hours.

The answer decides: 2xx with the platform's id is acceptance; 410 switches the peer off until an operator switches it
on; most other 4xx are dead letters, because repeating them is pointless; everything else is retried. While the breaker
is open no call is made and no attempt is counted.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

import httpx
import msgspec

from api.case_platform import breaker
from api.case_platform.messages import Links, build
from api.case_platform.payloads import HandoverTaken
from api.case_platform.signing import headers, keys_of
from api.parts import HTTP_TOTAL_TIMEOUT_S, Parts
from domain.cases import dead_letters, forwarding, peers, warnings
from domain.kernel import clock, database
from domain.kernel.leases import LEASE_S, Dead, Done, Job, Outcome, Retry, Sender

MINUTE, HOUR = 60.0, 3600.0
WAITS_S = (2.0, 10.0, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
RETRIED_FOR_S = 75 * HOUR
assert sum(WAITS_S) >= RETRIED_FOR_S
assert HTTP_TOTAL_TIMEOUT_S < LEASE_S  # a lease outlives the call it covers
RETRY_AFTER_MAX_S = 24 * HOUR
ANSWER_BYTES_MAX = 64 * 1024
RETRIED_4XX = frozenset({401, 403, 404, 408, 409, 423, 425, 429})  # keys, routing and load are mended at the peer
GONE = 410


def sender(parts: Parts, *, links: Links, now: Callable[[], datetime] = clock.utc_now) -> Sender:
    """The sender of kind `forward`. `links` makes expiring links to the photographs of reports."""

    async def send(job: Job) -> Outcome:
        return await forward(job, parts=parts, links=links, now=now())

    return Sender(send=send, waits_s=WAITS_S, died=dead_letters.tell)


async def forward(job: Job, *, parts: Parts, links: Links, now: datetime) -> Outcome:
    """One attempt."""
    url = parts.settings.case_platform_url
    if not url:
        return Retry("GW_CASE_PLATFORM_URL is empty")
    if (why := await peers.disabled(peers.PLATFORM)) is not None:
        return Dead(f"peer switched off: {why}")
    if (wait_s := await breaker.closed_in(parts.redis, peers.PLATFORM)) > 0:
        return Retry("breaker open", after_s=wait_s, counted=False)
    event = await build(job, settings=parts.settings, links=links, now=now)
    if event is None:
        return Done("nothing to tell any more")
    body = msgspec.json.encode(event)
    signed = headers(message_id=event.id, at=now, body=body, keys=keys_of(parts.settings.case_platform_secrets))
    try:
        response = await parts.http.post(
            f"{url.rstrip('/')}/messages",
            content=body,
            headers={"Content-Type": "application/cloudevents+json", **signed},
        )
    except httpx.HTTPError as error:
        await breaker.count_failure(parts.redis, peers.PLATFORM)
        return Retry(f"no answer: {type(error).__name__}")
    return await _judge(response, job, parts=parts, now=now)


async def _judge(response: httpx.Response, job: Job, *, parts: Parts, now: datetime) -> Outcome:
    status = response.status_code
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS:
        await breaker.count_failure(parts.redis, peers.PLATFORM)
        return Retry(f"HTTP {status}", after_s=retry_after(response.headers.get("Retry-After"), now=now))
    await breaker.count_success(parts.redis, peers.PLATFORM)
    if status == GONE:
        async with database.transaction():
            await peers.disable(peers.PLATFORM, why="the peer answered 410 Gone", now=now)
        return Dead("HTTP 410: peer switched off")
    if status in RETRIED_4XX:
        return Retry(f"HTTP {status}", after_s=retry_after(response.headers.get("Retry-After"), now=now))
    if not response.is_success:
        return Dead(f"HTTP {status}")
    return await _taken(response, job, now=now)


async def _taken(response: httpx.Response, job: Job, *, now: datetime) -> Outcome:
    """A 2xx counts only with a readable answer: a proxy's welcome page accepts nothing."""
    if len(response.content) > ANSWER_BYTES_MAX:
        return Retry("2xx with an answer that is too long")
    try:
        answer = msgspec.json.decode(response.content, type=HandoverTaken)
    except (UnicodeDecodeError, msgspec.DecodeError):
        return Retry("2xx without a readable answer")
    payload = job.payload
    async with database.transaction():
        if payload["message"] in {"opened", "reopened"}:
            await forwarding.record_acceptance(
                UUID(payload["case"]),
                round_=payload["round"],
                platform_case=answer.platform_case_id,
                at=min(answer.accepted_at, now),
                now=now,
            )
        if payload["message"] in {"warned", "chased"}:
            await warnings.record_proof(job.id, proof=f"HTTP {response.status_code}", now=now)
    return Done(f"HTTP {response.status_code}")


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
