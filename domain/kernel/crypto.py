"""Sealing personal values (AES-256-GCM, rotating keys) and finding them again (keyed hashes).

A sealed value is `key id (1 length byte + text) | 12 random bytes | ciphertext and tag`; `context` is authenticated, so
a value moved to another row or column does not open. Keys come from `GW_SEAL_KEYS`, the first one seals.
"""

import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
PAIR = 2  # id and secret


class SealBroken(Exception):
    """The value was changed, belongs elsewhere, or its key is not configured."""


class KeyRing:
    """Sealing keys by id, in the order of the setting."""

    def __init__(self, setting: str) -> None:
        """`setting` is `id:secret[,id:secret…]`; raises ValueError when it is empty or an id repeats."""
        pairs = [entry.split(":", 1) for entry in setting.split(",") if entry]
        if not pairs or any(len(pair) != PAIR for pair in pairs) or len({p[0] for p in pairs}) != len(pairs):
            raise ValueError("GW_SEAL_KEYS must be id:secret[,id:secret…] with distinct ids")
        self._keys = {name: AESGCM(hashlib.sha256(secret.encode()).digest()) for name, secret in pairs}
        self.current = pairs[0][0]

    def seal(self, value: bytes, *, context: str) -> bytes:
        """Encrypts `value` under the current key."""
        nonce, name = os.urandom(NONCE_BYTES), self.current.encode()
        return bytes([len(name)]) + name + nonce + self._keys[self.current].encrypt(nonce, value, context.encode())

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Decrypts; raises `SealBroken`."""
        end = 1 + sealed[0] if sealed else 0
        key = self._keys.get(sealed[1:end].decode(errors="replace"))
        if key is None:
            raise SealBroken("unknown key id")
        nonce = sealed[end : end + NONCE_BYTES]
        try:
            return key.decrypt(nonce, sealed[end + NONCE_BYTES :], context.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken("the value does not open") from error


@lru_cache(maxsize=4)
def key_ring(setting: str) -> KeyRing:
    """The ring of one setting, built once."""
    return KeyRing(setting)


def key_id(sealed: bytes) -> str:
    """Which key sealed this value."""
    return sealed[1 : 1 + sealed[0]].decode()


def blind_index(value: str, *, secret: str, purpose: str) -> bytes:
    """A keyed hash for equality look-up: equal values of one purpose match, nobody without the key can guess."""
    return hmac.digest(secret.encode(), f"{purpose}\n{value}".encode(), "sha256")
