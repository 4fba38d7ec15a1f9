"""Names that nobody can guess: object keys, public tokens; and the sealed form of a photograph's facts."""

import base64
import secrets
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import crypto
from domain.kernel.settings import Settings
from media.facts import CameraFacts

Size = Literal["large", "small"]
ORIGINALS, COPIES, INCOMING = "original/", "copy/", "incoming/"
RANDOM_BYTES = 16  # 128 bits


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Where the objects of one photograph lie; random, and unrelated to its id."""

    original: str
    copies: str


def new_token() -> str:
    """128 random bits, 22 characters that fit into an address."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def new_keys() -> Keys:
    """Fresh places for a sealed original and its copies."""
    return Keys(original=ORIGINALS + new_token(), copies=new_copies_key())


def new_copies_key() -> str:
    """A fresh prefix for public copies."""
    return COPIES + new_token()


def copy_key(copies: str, size: Size) -> str:
    """The object of one public copy."""
    return f"{copies}/{size}.jpg"


def seal_facts(facts: CameraFacts, *, photo: UUID, settings: Settings) -> bytes | None:
    """The facts encrypted for their row, or None when the camera said nothing."""
    if facts == CameraFacts():
        return None
    ring = crypto.key_ring(settings.seal_keys)
    return ring.seal(msgspec.json.encode(facts), context=f"photo-facts:{photo}")


def open_facts(sealed: bytes | None, *, photo: UUID, settings: Settings) -> CameraFacts:
    """The facts of a row; raises `crypto.SealBroken`."""
    if sealed is None:
        return CameraFacts()
    clear = crypto.key_ring(settings.seal_keys).open(sealed, context=f"photo-facts:{photo}")
    return msgspec.json.decode(clear, type=CameraFacts)


def base64url(raw: bytes) -> str:
    """Bytes as text for an address, without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
