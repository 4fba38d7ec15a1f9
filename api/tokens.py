"""Access tokens: HS256 and nothing else, 15 minutes, every claim required, one audience per kind of caller.

The verifier takes exactly one algorithm, looks `kid` up in a fixed map, wants each segment in its canonical spelling
(base64 padding bits would let one token be written in several ways) and reads the time from its argument. Verified
tokens are remembered by their text; expiry is checked again on each use, and sessions by `api.actors`.
"""

import base64
import binascii
import hmac
from collections import OrderedDict
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

import jwt
import msgspec

from domain.kernel.ids import new_id
from domain.kernel.settings import SECRET_BYTES_MIN, Settings

ALGORITHM = "HS256"
TYPE = "at+jwt"  # RFC 9068: an access token is not a refresh, upload or callback token
ACCESS_LIFETIME = timedelta(minutes=15)
LEEWAY = timedelta(seconds=30)
REMEMBERED_MAX = 10_000
TOKEN_CHARS_MAX = 1_024
CLAIMS = ("iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti")
HEADER_FIELDS = {"alg", "typ", "kid"}
Kind = Literal["resident", "operator", "browse"]


class TokenRefused(Exception):
    """Not a token of ours, of this kind, at this time. The reason is for the log, not for the caller."""


class TokenExpired(TokenRefused):
    """A token of ours whose time is over, or has not come: nothing is wrong with its bearer."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a verified token says."""

    kind: str
    subject: UUID
    session: UUID
    jti: str
    not_before: int  # seconds since 1970
    expires_at: int


@lru_cache(maxsize=8)
def keys(setting: str) -> dict[str, bytes]:
    """HMAC keys by kid from `GW_TOKEN_SECRET` (`secret` or `kid:secret,kid:secret…`; the first signs, all verify).

    Raises ValueError when one is shorter than `SECRET_BYTES_MIN` bytes.
    """
    pairs = [entry.split(":", 1) if ":" in entry else ["k1", entry] for entry in setting.split(",") if entry]
    if not pairs or any(len(secret.encode()) < SECRET_BYTES_MIN for _, secret in pairs):
        raise ValueError(f"GW_TOKEN_SECRET needs secrets of at least {SECRET_BYTES_MIN} bytes")
    return {kid: secret.encode() for kid, secret in pairs}


def audience(kind: str) -> str:
    """The `aud` of tokens for one kind of caller."""
    return f"green-whistle:{kind}"


def issue_access(settings: Settings, *, kind: Kind, subject: UUID, session: UUID, now: datetime) -> str:
    """A signed access token for `subject` in `session`, valid for `ACCESS_LIFETIME`."""
    kid, secret = next(iter(keys(settings.token_secret).items()))
    issued = int(now.timestamp())
    claims = {
        "iss": settings.public_url,
        "aud": audience(kind),
        "sub": str(subject),
        "sid": str(session),
        "jti": str(new_id()),
        "iat": issued,
        "nbf": issued,
        "exp": issued + int(ACCESS_LIFETIME.total_seconds()),
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": kid})


_remembered: OrderedDict[tuple[str, str, str, str], Claims] = OrderedDict()


def is_remembered(settings: Settings, token: str, *, kind: str) -> bool:
    """Whether this process has verified the token before."""
    return (token, kind, settings.token_secret, settings.public_url) in _remembered


def verify_access(settings: Settings, token: str, *, kind: str, now: datetime) -> Claims:
    """The claims of a valid token of this kind; raises `TokenRefused`."""
    place = (token, kind, settings.token_secret, settings.public_url)
    claims = _remembered.get(place)
    if claims is None:
        claims = _verify(settings, token, kind=kind)
        _remembered[place] = claims
        if len(_remembered) > REMEMBERED_MAX:
            _remembered.popitem(last=False)
    else:
        _remembered.move_to_end(place)
    _check_time(claims, now=now)
    return claims


def _verify(settings: Settings, token: str, *, kind: str) -> Claims:
    if len(token) > TOKEN_CHARS_MAX or not _is_canonical(token):
        raise TokenRefused("not in canonical form")
    try:
        header = jwt.get_unverified_header(token)
        if set(header) != HEADER_FIELDS or header["typ"] != TYPE or header["alg"] != ALGORITHM:
            raise TokenRefused("not an access token")
        secret = keys(settings.token_secret).get(header["kid"])
        if secret is None:
            raise TokenRefused("unknown kid")
        claims: dict[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=audience(kind),
            issuer=settings.public_url,
            options={"require": list(CLAIMS), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except (jwt.PyJWTError, TypeError, ValueError, RecursionError) as error:
        raise TokenRefused(type(error).__name__) from error
    return _read(claims, kind=kind)


def _read(claims: dict[str, Any], *, kind: str) -> Claims:
    """Claims of the right JSON types; PyJWT would accept `exp` as text."""
    times = [claims[name] for name in ("iat", "nbf", "exp")]
    texts = [claims[name] for name in ("iss", "aud", "sub", "sid", "jti")]
    if not all(type(value) is int for value in times) or not all(type(value) is str for value in texts):
        raise TokenRefused("a claim has the wrong type")
    issued, not_before, expires = times
    if not issued <= not_before < expires or expires - issued > ACCESS_LIFETIME.total_seconds():
        raise TokenRefused("impossible times")
    try:
        subject, session = UUID(claims["sub"]), UUID(claims["sid"])
    except ValueError as error:
        raise TokenRefused("not an id") from error
    return Claims(
        kind=kind, subject=subject, session=session, jti=claims["jti"], not_before=not_before, expires_at=expires
    )


def _check_time(claims: Claims, *, now: datetime) -> None:
    at, leeway = now.timestamp(), LEEWAY.total_seconds()
    if at >= claims.expires_at + leeway:
        raise TokenExpired("expired")
    if at < claims.not_before - leeway:
        raise TokenExpired("not valid yet")


def _is_canonical(token: str) -> bool:
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():  # noqa: PLR2004 - header, payload, signature
        return False
    try:
        return all(hmac.compare_digest(_respelled(part), part) for part in parts)
    except (binascii.Error, ValueError):
        return False


def _respelled(part: str) -> str:
    raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
