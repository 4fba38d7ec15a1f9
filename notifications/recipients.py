"""A person as notifications know them: a keyed tag to find rows by, and a sealed account id to send to.

Rows about reports carry the tag, never the account id: without the key nobody can join the two.
"""

from functools import lru_cache
from uuid import UUID

from domain.kernel import crypto, settings


@lru_cache(maxsize=8192)
def _tag(account_id: UUID, secret: str) -> UUID:
    return UUID(bytes=crypto.blind_index(str(account_id), secret=secret, purpose="notice-owner")[:16])


def tag_of(account_id: UUID) -> UUID:
    """The tag of an account in every table of notifications."""
    return _tag(account_id, settings.current().lookup_secret)


def seal(account_id: UUID) -> bytes:
    """The account id, sealed for rows of its tag only."""
    ring = crypto.key_ring(settings.current().seal_keys)
    return ring.seal(account_id.bytes, context=f"notice:{tag_of(account_id)}")


def unseal(sealed: bytes, *, owner: UUID) -> UUID:
    """The account id; raises `crypto.SealBroken`."""
    ring = crypto.key_ring(settings.current().seal_keys)
    return UUID(bytes=ring.open(sealed, context=f"notice:{owner}"))
