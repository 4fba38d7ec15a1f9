"""Addresses of public copies.

Public addresses carry 128 random bits, never change, and stop working when the photograph is redacted, hidden or
deleted. Signed addresses let one named reader (the case platform, the sender) see a copy that is not public, until they
expire; they too die with a redaction, because they name the version.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel import settings as process_settings
from domain.kernel.errors import NotFound
from media import keys
from media.keys import Size
from media.publication import PUBLIC

SIGNATURE_CHARS = 43  # 256 bits


class PublicPhoto(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of one photograph everybody may see."""

    large: str  # longer side at most 1600 px
    small: str  # longer side at most 320 px
    width: int  # of the original, upright
    height: int


def public_url(token: str, size: Size) -> str:
    """The immutable address of one public copy."""
    return f"{process_settings.current().public_url}/v1/photos/public/{token}/{size}.jpg"


async def public_photos(subjects: list[str]) -> dict[str, list[PublicPhoto]]:
    """The public photographs of several subjects in one query, in the order they were sent."""
    rows = await database.fetch(
        "select subject, public_token, width, height from photo"
        f" where subject = any($1) and {PUBLIC} order by subject, position",
        subjects,
    )
    found: dict[str, list[PublicPhoto]] = {subject: [] for subject in subjects}
    for row in rows:
        token = row["public_token"]
        found[row["subject"]].append(
            PublicPhoto(
                large=public_url(token, "large"),
                small=public_url(token, "small"),
                width=row["width"],
                height=row["height"],
            )
        )
    return found


async def public_copy(token: str, size: Size) -> str:
    """The object behind a public address; `NotFound` when it is not, or no longer, public."""
    copies = await database.fetch_value(f"select copies_key from photo where public_token = $1 and {PUBLIC}", token)
    if copies is None:
        raise NotFound
    return keys.copy_key(copies, size)


def _signature(photo: UUID, *, size: Size, version: int, expires: int) -> str:
    secret = process_settings.current().lookup_secret.encode()
    message = f"photo-link\n{photo}\n{size}\n{version}\n{expires}".encode()
    digest = hmac.digest(secret, message, sha256)
    return keys.base64url(digest)


def signed_url(photo: UUID, size: Size, expires_at: datetime, *, version: int = 1) -> str:
    """An address of a copy that works until `expires_at`; `version` is the photograph's present one."""
    expires = int(expires_at.timestamp())
    signature = _signature(photo, size=size, version=version, expires=expires)
    base = process_settings.current().public_url
    return f"{base}/v1/photos/signed/{photo}/{version}/{size}.jpg?expires={expires}&signature={signature}"


async def links_of_subjects(subjects: Sequence[str], expires_at: datetime) -> dict[str, list[str]]:
    """Expiring addresses of all photographs of reports, answers or updates, in order, public or not.

    For those who handle the case. Subjects without photographs are missing.
    """
    rows = await database.fetch(
        "select id, version, subject from photo where subject = any($1) and state = 'ready' order by subject, position",
        list(subjects),
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        url = signed_url(row["id"], "large", expires_at, version=row["version"])
        found.setdefault(row["subject"], []).append(url)
    return found


async def signed_copy(photo: UUID, *, size: Size, version: int, expires: int, signature: str, now: datetime) -> str:
    """The object behind a signed address; `NotFound` when forged, expired, redacted since or deleted."""
    wanted = _signature(photo, size=size, version=version, expires=expires)
    if not hmac.compare_digest(wanted.encode(), signature.encode()) or expires < now.timestamp():
        raise NotFound
    copies = await database.fetch_value(
        "select copies_key from photo where id = $1 and version = $2 and state = 'ready'", photo, version
    )
    if copies is None:
        raise NotFound
    return keys.copy_key(copies, size)
