"""Standard Webhooks signatures: `v1,` + base64 of HMAC-SHA256 over `id.timestamp.body`.

Two keys may be live at once: the first signs, every one verifies, so a key is changed without a missed message.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.kernel.errors import Refusal, Text

TOLERANCE = timedelta(minutes=5)
KEYS_LIVE_MAX = 2
BASE64_MARK = "whsec_"  # followed by base64, as the standard writes secrets
SIGNATURES_MAX = 8  # in one header
ID_CHARS_MAX = 80


class SignatureRefused(Refusal):
    """The message is not signed with a live key, or its timestamp is out of tolerance."""

    code = "signature-refused"
    status = 401
    title = Text("签名无效或已过期", "The signature is invalid or out of date")
    advice = Text(
        "请按 Standard Webhooks 用现行密钥对 id.timestamp.body 签名，时间误差不超过 5 分钟。",
        "Sign id.timestamp.body with a live key as Standard Webhooks says; the clock may differ by 5 minutes.",
    )


def keys_of(setting: str) -> tuple[bytes, ...]:
    """The live keys of a comma-separated setting; raises ValueError for none, too many or bad base64."""
    keys = tuple(_key(secret.strip()) for secret in setting.split(",") if secret.strip())
    if not 1 <= len(keys) <= KEYS_LIVE_MAX:
        raise ValueError(f"one or {KEYS_LIVE_MAX} live keys are needed")
    return keys


def _key(secret: str) -> bytes:
    if not secret.startswith(BASE64_MARK):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(BASE64_MARK), validate=True)
    except binascii.Error as error:
        raise ValueError("a whsec_ secret is followed by base64") from error


def signature(*, message_id: str, timestamp: int, body: bytes, key: bytes) -> str:
    """One signature of the header; `timestamp` in Unix seconds."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def headers(*, message_id: str, at: datetime, body: bytes, keys: tuple[bytes, ...]) -> dict[str, str]:
    """The three headers of an outgoing message, signed with the first key."""
    timestamp = int(at.timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(message_id=message_id, timestamp=timestamp, body=body, key=keys[0]),
    }


def verify(given: Mapping[str, str], *, body: bytes, keys: tuple[bytes, ...], now: datetime) -> str:
    """The message id, or `SignatureRefused`. `given` maps lower-case header names."""
    message_id, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    offered = given.get("webhook-signature", "").split(" ")
    if not message_id or len(message_id) > ID_CHARS_MAX or not (message_id.isascii() and message_id.isprintable()):
        raise SignatureRefused(Text("缺少 webhook-id", "webhook-id is missing or too long"))
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= len("99999999999")):
        raise SignatureRefused(Text("webhook-timestamp 不是秒数", "webhook-timestamp is not a number of seconds"))
    if abs(int(stamp) - now.timestamp()) > TOLERANCE.total_seconds():
        raise SignatureRefused(Text("时间戳超出 5 分钟", "the timestamp is more than 5 minutes away"))
    wanted = [signature(message_id=message_id, timestamp=int(stamp), body=body, key=key).encode() for key in keys]
    matches = [
        hmac.compare_digest(one.encode(errors="replace"), right) for one in offered[:SIGNATURES_MAX] for right in wanted
    ]
    if not any(matches):
        raise SignatureRefused
    return message_id
