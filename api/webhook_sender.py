"""Sends webhooks: signed as Standard Webhooks says, with both secrets while one is changed, patient for three days.

A 2xx is delivered; 410 ends the subscription; everything else is tried again by the standard's schedule. The body is
kept as it was first written, so every attempt and every replay carries the same id and the same words.
"""

import asyncio
import ssl
from datetime import datetime
from typing import Any
from uuid import UUID

import httpcore
import httpx

from api.case_platform import signing
from domain.kernel import clock, database
from domain.kernel.errors import NotFound
from domain.kernel.leases import Dead, Done, Job, Outcome, Retry, Sender
from media.guarded import AddressRefused, FetchFailed, Guarded, check_url
from notifications import webhooks

# 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h: 75 hours and a half in all.
WAITS_S = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
assert sum(WAITS_S) >= 75 * 3_600
TIMEOUTS = {"connect": 3.0, "read": 10.0, "write": 10.0, "pool": 3.0}
CALL_S = 15.0
RETRY_AFTER_MAX_S = 86_400.0
HEADERS = {"Content-Type": "application/cloudevents+json; charset=utf-8", "User-Agent": "green-whistle-webhook"}
NETWORK_ERRORS = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)
BEGIN = """
update webhook_message m set calls = calls + 1, state = 'waiting', finished_at = null from webhook_endpoint e
where m.id = $1 and m.state in ('waiting', 'dead') and e.id = m.endpoint
returning m.id, m.endpoint, m.body, e.url, e.secrets, e.ended_at
"""


Trusted = frozenset[tuple[str, int]]


def trusted(setting: str) -> Trusted:
    """The (host, port) pairs of `GW_WEBHOOK_TRUSTED`; raises ValueError."""
    pairs = [entry.strip().rpartition(":") for entry in setting.split(",") if entry.strip()]
    return frozenset((host, int(port)) for host, _, port in pairs)


def sender(known: Trusted) -> Sender:
    """The sender of `webhook` jobs; `known` are partners that may be private and plain."""

    async def send(job: Job) -> Outcome:
        return await deliver(UUID(job.payload["message"]), known=known)

    async def died(job: Job, note: str) -> None:
        await _finish(UUID(job.payload["message"]), "dead", note, at=clock.utc_now())

    return Sender(send=send, waits_s=WAITS_S, died=died)


async def deliver(message: UUID, *, known: Trusted) -> Outcome:
    """One attempt. Where the name leads is looked at while connecting, each time."""
    row = await database.fetch_row(BEGIN, message)
    if row is None:
        return Done("ended before")
    if row["ended_at"] is not None:
        return Dead("subscription ended")
    try:
        check_url(row["url"], trusted=known)
        status, retry_after_s = await _post(row, known)
    except (AddressRefused, FetchFailed, OSError, TimeoutError, *NETWORK_ERRORS) as error:
        await _note(message, type(error).__name__)
        return Retry(type(error).__name__)
    return await _outcome(row, status, retry_after_s)


async def _post(row: Any, known: Trusted) -> tuple[int, float | None]:
    body, at = row["body"].encode(), clock.utc_now()
    live = webhooks.open_secrets(row["secrets"], endpoint=row["endpoint"])
    headers = HEADERS | _signed(str(row["id"]), at=at, body=body, live=live)
    async with (
        asyncio.timeout(CALL_S),
        httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(), network_backend=Guarded(trusted=known)
        ) as pool,
        pool.stream(
            "POST", row["url"], content=body, headers=list(headers.items()), extensions={"timeout": TIMEOUTS}
        ) as answer,
    ):
        given = {name.lower(): value for name, value in answer.headers}
        return answer.status, _seconds(given.get(b"retry-after", b"").decode("latin-1"))


def _signed(message_id: str, *, at: datetime, body: bytes, live: list[str]) -> dict[str, str]:
    """The three headers, with one signature for each live secret."""
    every = [signing.headers(message_id=message_id, at=at, body=body, keys=signing.keys_of(secret)) for secret in live]
    return every[0] | {"webhook-signature": " ".join(one["webhook-signature"] for one in every)}


def _seconds(text: str) -> float | None:
    """Retry-After in seconds; dates are left to our own schedule."""
    if not (text.isascii() and text.isdigit()):
        return None
    return min(float(text), RETRY_AFTER_MAX_S)


async def _outcome(row: Any, status: int, retry_after_s: float | None) -> Outcome:
    note = f"HTTP {status}"
    if httpx.codes.is_success(status):
        await _finish(row["id"], "delivered", note, at=clock.utc_now())
        return Done(note)
    await _note(row["id"], note)
    if status != httpx.codes.GONE:
        return Retry(note, after_s=retry_after_s)
    async with database.transaction():
        try:
            await webhooks.end(row["endpoint"], reason="answered 410", now=clock.utc_now())
        except NotFound:
            return Dead("gone")  # another message ended it first
    return Dead("gone")


async def _note(message: UUID, answer: str) -> None:
    await database.execute("update webhook_message set answer = $2 where id = $1", message, answer[:80])


async def _finish(message: UUID, state: str, answer: str, *, at: datetime) -> None:
    await database.execute(
        "update webhook_message set state = $2, answer = $3, finished_at = $4 where id = $1 and state = 'waiting'",
        message,
        state,
        answer[:80],
        at,
    )
