"""The first answer to a key is the answer: stored with its effect, replayed byte for byte for 7 days."""

import hashlib
from datetime import datetime, timedelta

from domain.kernel import database
from domain.kernel.errors import Refusal, Text
from domain.kernel.ids import new_id

KEPT = timedelta(days=7)
KEY_CHARS_MIN, KEY_CHARS_MAX = 8, 80


class IdempotencyKeyMissing(Refusal):
    """The route needs an Idempotency-Key header."""

    code = "idempotency-key-missing"
    status = 400
    title = Text("缺少 Idempotency-Key", "Idempotency-Key is missing")
    advice = Text(
        "请为每次新的提交生成一个 8–80 位的随机键放入请求头，重试时保持不变。",
        "Send a random key of 8-80 characters for each new submission and repeat it when retrying.",
    )


class IdempotencyKeyReused(Refusal):
    """The key was used for other content."""

    code = "idempotency-key-reused"
    status = 422
    title = Text("该 Idempotency-Key 已用于其他内容", "This Idempotency-Key was used for other content")
    advice = Text("内容有变化时请换一个新的键。", "Use a new key when the content changes.")


class TwinRunning(Refusal):
    """The same request is being worked on at this moment."""

    code = "idempotency-twin-running"
    status = 409
    title = Text("同一请求正在处理", "The same request is being processed")
    advice = Text("请稍候再用同一个键重试。", "Retry in a moment with the same key.")


def fingerprint(*, method: str, path: str, body: bytes) -> bytes:
    """SHA-256 over what makes two requests the same request."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).digest()


async def begin(*, principal: str, key: str, print_: bytes) -> tuple[int, bytes] | None:
    """Inside the transaction of the effect: the stored (status, body) of a replay, or None for a new request.

    Raises `TwinRunning` while another transaction holds the key and `IdempotencyKeyReused` for other content.
    """
    got = await database.fetch_row(
        "select pg_try_advisory_xact_lock(hashtextextended($1 || '|' || $2, 0)) as free", principal, key
    )
    if got is None or not got["free"]:
        raise TwinRunning(retry_after_s=1)
    row = await database.fetch_row(
        "select fingerprint, status, body from idempotency_record where principal = $1 and key = $2", principal, key
    )
    if row is None:
        return None
    if row["fingerprint"] != print_:
        raise IdempotencyKeyReused
    return row["status"], row["body"]


async def keep(*, principal: str, key: str, print_: bytes, status: int, body: bytes, now: datetime) -> None:
    """Stores the answer in the transaction of its effect."""
    await database.execute(
        "insert into idempotency_record (id, principal, key, fingerprint, status, body, created_at)"
        " values ($1, $2, $3, $4, $5, $6, $7)",
        new_id(),
        principal,
        key,
        print_,
        status,
        body,
        now,
    )


async def forget_old(*, now: datetime) -> None:
    """Deletes answers older than `KEPT`."""
    await database.execute("delete from idempotency_record where created_at < $1", now - KEPT)
