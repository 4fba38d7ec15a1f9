"""Receipt codes of anonymous reports: 100 random-looking bits, shown once, stored only as a slow hash.

The code is derived from the client's own Idempotency-Key, so a repeated request shows the same code although the
database holds neither the code nor the key (only a keyed hash of it).
"""

import asyncio
import hashlib
import hmac
import os
from uuid import UUID

from domain.kernel import crypto, database, settings
from domain.kernel.errors import Invalid, Refusal, Text
from domain.kernel.ids import CROCKFORD

CODE_SYMBOLS = 20  # 5 bits each: 100 bits
SALT_BYTES = 16
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 1  # about 40 ms and 16 MiB a try
KEY_CHARS_MIN = 16  # of an anonymous client's Idempotency-Key, which protects the code on replay
GROUP = 5
assert CODE_SYMBOLS * 5 >= 80  # noqa: PLR2004  the checklist's minimum of random bits


class ReceiptRefused(Refusal):
    """Number and code do not belong together, or no such report: one answer for all."""

    code = "receipt-refused"
    status = 404
    title = Text("受理编号或查询码不正确", "The number or the receipt code is not right")
    advice = Text("请核对后重试；多次错误将被限制。", "Check both; repeated wrong tries are limited.")


def code_for(*, key: str, print_: bytes) -> str:
    """The code of one anonymous submission, such as `7K2QX-…` in groups of five."""
    if len(key) < KEY_CHARS_MIN:
        raise Invalid(
            Text("匿名举报的 Idempotency-Key 至少 16 位", "An anonymous report needs a key of at least 16 characters"),
            field="Idempotency-Key",
        )
    secret = settings.current().lookup_secret
    digest = crypto.blind_index(key + print_.hex(), secret=secret, purpose="receipt-code")
    symbols = "".join(CROCKFORD[byte & 31] for byte in digest[:CODE_SYMBOLS])
    return "-".join(symbols[i : i + GROUP] for i in range(0, CODE_SYMBOLS, GROUP))


def stored_key(key: str) -> str:
    """What is stored instead of an anonymous client's Idempotency-Key."""
    return crypto.blind_index(key, secret=settings.current().lookup_secret, purpose="anonymous-key").hex()


def normal(code: str) -> str:
    """As people type it: case, blanks and hyphens do not matter, O is 0, I and L are 1."""
    typed = code.upper().replace("-", "").replace(" ", "")
    return typed.translate(str.maketrans("OIL", "011"))


def _scrypt(code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(normal(code).encode(), salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P, dklen=32)


async def slow_hash(code: str) -> tuple[bytes, bytes]:
    """(salt, hash), computed beside the event loop."""
    salt = os.urandom(SALT_BYTES)
    return salt, await asyncio.to_thread(_scrypt, code, salt)


async def open_receipt(*, number: str, code: str) -> UUID:
    """The anonymous report of this number and code; raises `ReceiptRefused` after the same work in every case."""
    row = await database.fetch_row(
        "select c.report, c.salt, c.code_hash from receipt_code c join report r on r.id = c.report where r.number = $1",
        number,
    )
    salt, expected = (row["salt"], row["code_hash"]) if row else (bytes(SALT_BYTES), bytes(32))
    got = await asyncio.to_thread(_scrypt, code, salt)
    if row is None or not hmac.compare_digest(got, expected):
        raise ReceiptRefused
    report: UUID = row["report"]
    return report
