"""Signed rating statements for banks and procurement: a JWS (EdDSA) over what the public register shows on a day.

The key is derived from the sealing keys: the first one signs, all of them verify, so statements outlive a rotation.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.kernel import settings
from domain.kernel.errors import Refusal, Text

PURPOSE = b"enterprise-rating-statements"
TYPE = "rating-statement+jwt"


class StatementBroken(Refusal):
    """The text is no statement of this bureau, or was changed."""

    code = "statement-broken"
    status = 422
    title = Text("评价证明验证不通过", "The statement does not verify")
    advice = Text("请向出具方索取原件。", "Ask for the original.")


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A verification key as a JSON Web Key (RFC 8037)."""

    kid: str
    x: str
    kty: str = "OKP"
    crv: str = "Ed25519"
    alg: str = "EdDSA"
    use: str = "sig"


def _keys() -> dict[str, Ed25519PrivateKey]:
    pairs = [entry.split(":", 1) for entry in settings.current().seal_keys.split(",") if entry]
    return {
        f"rs-{name}": Ed25519PrivateKey.from_private_bytes(hmac.digest(secret.encode(), PURPOSE, hashlib.sha256))
        for name, secret in pairs
    }


def public_keys() -> list[PublicKey]:
    """All keys that verify, the signing one first."""
    return [
        PublicKey(kid=kid, x=base64.urlsafe_b64encode(_raw(key)).rstrip(b"=").decode()) for kid, key in _keys().items()
    ]


def _raw(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def sign(entry: Mapping[str, Any], *, as_of: date, now: datetime) -> str:
    """The compact JWS of a register entry as it was public on `as_of`."""
    kid, key = next(iter(_keys().items()))
    claims = {
        "iss": settings.current().public_url,
        "sub": entry["credit_code"],
        "iat": int(now.timestamp()),
        "as_of": as_of.isoformat(),
        "rating": {
            name: entry.get(name) for name in ("name", "year", "grade", "stage", "decided_on", "basis", "authority")
        },
    }
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": kid, "typ": TYPE})


def verify(statement: str) -> dict[str, Any]:
    """The claims of a genuine statement; raises `StatementBroken`."""
    try:
        header = jwt.get_unverified_header(statement)
        key = _keys().get(str(header.get("kid")))
        if key is None or header.get("typ") != TYPE:
            raise StatementBroken
        claims: dict[str, Any] = jwt.decode(
            statement,
            key.public_key(),
            algorithms=["EdDSA"],
            options={"require": ["iss", "sub", "iat"], "verify_iat": False},
        )
    except jwt.PyJWTError as error:
        raise StatementBroken from error
    return claims
