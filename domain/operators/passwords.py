"""Passwords: scrypt with a random salt, verified in constant time and off the event loop.

One verification takes about 60 ms and 32 MiB; `VERIFYING` keeps a flood of sign-ins from taking all memory.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from functools import cache

from domain.kernel.errors import Refusal, Text

LOG2_N, R, P = 15, 8, 1
SALT_BYTES, HASH_BYTES = 16, 32
MEMORY_BYTES_MAX = 128 * 2**LOG2_N * R * P + 1024 * 1024
CHARS_MIN, CHARS_MAX = 12, 128
AT_ONCE = 4


class PasswordTooWeak(Refusal):
    """Too short, too long, or made of the login or one repeated character."""

    code = "password-too-weak"
    status = 400
    title = Text("密码强度不足", "The password is too weak")
    advice = Text(
        f"请使用至少 {CHARS_MIN} 位且不含登录名的密码。", f"At least {CHARS_MIN} characters, without the login."
    )


def require_strong(password: str, *, login: str) -> None:
    """Raises `PasswordTooWeak`."""
    plain = CHARS_MIN <= len(password) <= CHARS_MAX and login not in password.lower()
    if not plain or len(set(password)) < CHARS_MIN // 2:
        raise PasswordTooWeak(field="password")


def _derive(password: str, salt: bytes, *, log2_n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=2**log2_n, r=r, p=p, maxmem=MEMORY_BYTES_MAX, dklen=HASH_BYTES
    )


def hashed(password: str) -> str:
    """`scrypt$log2n$r$p$salt$hash` with a fresh salt."""
    salt = secrets.token_bytes(SALT_BYTES)
    derived = _derive(password, salt, log2_n=LOG2_N, r=R, p=P)
    texts = [base64.b64encode(part).decode() for part in (salt, derived)]
    return "$".join(["scrypt", str(LOG2_N), str(R), str(P), *texts])


def _matches(password: str, stored: str) -> bool:
    _, log2_n, r, p, salt, expected = stored.split("$")
    derived = _derive(password, base64.b64decode(salt), log2_n=int(log2_n), r=int(r), p=int(p))
    return hmac.compare_digest(derived, base64.b64decode(expected))


@cache
def _nobody() -> str:
    """Verified against when the login is unknown, so that the time is the same."""
    return hashed(secrets.token_urlsafe())


_verifying: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


def _matches_or_nobody(password: str, stored: str | None) -> bool:
    return _matches(password, stored or _nobody())


async def matches(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one; an unknown login costs the same time and is never right."""
    loop = asyncio.get_running_loop()
    gate = _verifying.get(loop)
    if gate is None:
        _verifying.clear()
        gate = _verifying[loop] = asyncio.Semaphore(AT_ONCE)
    async with gate:
        right = await asyncio.to_thread(_matches_or_nobody, password, stored)
    return right and stored is not None


async def hashed_aside(password: str) -> str:
    """`hashed`, off the event loop."""
    return await asyncio.to_thread(hashed, password)
