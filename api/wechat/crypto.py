"""WeChat's signatures and ciphers, pure: message push (AES-256-CBC), open data (AES-128-CBC), SHA-1 signatures.

SHA-1 and CBC are WeChat's choice, not ours; each value is also bound to our appid and checked before it is used.
"""

import base64
import binascii
import hashlib
import hmac
import os
from datetime import datetime, timedelta
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

PUSH_BLOCK = 32  # the push pads to 32 bytes although AES has blocks of 16
AES_BLOCK = 16
ENCODED_KEY_SYMBOLS = 43
WATERMARK_AGE_MAX = timedelta(minutes=10)


class Forged(Exception):
    """A signature, padding, appid or watermark is not what WeChat would have sent to us."""


def signature(*parts: str) -> str:
    """SHA-1 over the sorted, joined parts: (token, timestamp, nonce[, encrypted])."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def check_signature(claimed: str, *parts: str) -> None:
    """Raises `Forged` unless `claimed` is the signature of the parts; constant time."""
    if not hmac.compare_digest(claimed.encode(), signature(*parts).encode()):
        raise Forged("signature")


def raw_data_signature(raw_data: str, *, session_key: str) -> str:
    """What `wx.getUserInfo` calls signature."""
    return hashlib.sha1((raw_data + session_key).encode(), usedforsecurity=False).hexdigest()


def push_key(encoding_aes_key: str) -> bytes:
    """The 32 key bytes of the console's 43 characters; raises ValueError."""
    if len(encoding_aes_key) != ENCODED_KEY_SYMBOLS:
        raise ValueError("EncodingAESKey has 43 characters")
    return base64.b64decode(encoding_aes_key + "=")


def open_push(encrypted: str, *, key: bytes, appid: str) -> bytes:
    """The message inside `Encrypt`; raises `Forged` when it is not for `appid`."""
    plain = _unpad(_cbc_open(_base64(encrypted), key=key, iv=key[:16]), block=PUSH_BLOCK)
    size = int.from_bytes(plain[16:20], "big")
    message, owner = plain[20 : 20 + size], plain[20 + size :]
    if len(message) != size or not hmac.compare_digest(owner, appid.encode()):
        raise Forged("appid")
    return message


def seal_push(message: bytes, *, key: bytes, appid: str, random16: bytes | None = None) -> str:
    """The inverse of `open_push`, for encrypted replies and the sandbox."""
    plain = (random16 or os.urandom(16)) + len(message).to_bytes(4, "big") + message + appid.encode()
    return base64.b64encode(_cbc_seal(_pad(plain, block=PUSH_BLOCK), key=key, iv=key[:16])).decode()


def open_data(encrypted: str, *, session_key: str, iv: str, appid: str, now: datetime | None) -> dict[str, Any]:
    """Open data such as WeRun steps, for our appid and not older than `WATERMARK_AGE_MAX` (`now` None: any age)."""
    key, start = _base64(session_key), _base64(iv)
    if len(key) != AES_BLOCK or len(start) != AES_BLOCK:
        raise Forged("key")
    plain = _unpad(_cbc_open(_base64(encrypted), key=key, iv=start), block=AES_BLOCK)
    try:
        data: dict[str, Any] = msgspec.json.decode(plain, type=dict[str, Any])
        mark = msgspec.convert(data.get("watermark"), Watermark)
    except msgspec.MsgspecError as error:
        raise Forged("not open data") from error
    if mark.appid != appid:
        raise Forged("watermark appid")
    if now is not None and abs(now.timestamp() - mark.timestamp) > WATERMARK_AGE_MAX.total_seconds():
        raise Forged("watermark age")
    return data


class Watermark(msgspec.Struct):
    """Whose data it is and when WeChat sealed it (Unix seconds)."""

    appid: str
    timestamp: int


def seal_data(plain: bytes, *, session_key: str, iv: str) -> str:
    """The inverse of `open_data`, for the sandbox."""
    return base64.b64encode(_cbc_seal(_pad(plain, block=AES_BLOCK), key=_base64(session_key), iv=_base64(iv))).decode()


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Forged("base64") from error


def _cbc_open(sealed: bytes, *, key: bytes, iv: bytes) -> bytes:
    if not sealed or len(sealed) % AES_BLOCK:
        raise Forged("length")
    decryptor = Cipher(AES(key), CBC(iv)).decryptor()
    return decryptor.update(sealed) + decryptor.finalize()


def _cbc_seal(plain: bytes, *, key: bytes, iv: bytes) -> bytes:
    encryptor = Cipher(AES(key), CBC(iv)).encryptor()
    return encryptor.update(plain) + encryptor.finalize()


def _pad(plain: bytes, *, block: int) -> bytes:
    missing = block - len(plain) % block
    return plain + bytes([missing]) * missing


def _unpad(padded: bytes, *, block: int) -> bytes:
    missing = padded[-1]
    if not 1 <= missing <= block or missing > len(padded) or padded[-missing:] != bytes([missing]) * missing:
        raise Forged("padding")
    return padded[:-missing]
