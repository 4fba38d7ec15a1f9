"""Who a person is for limits: the verified phone where there is one, else the account. Never shown, never reversed."""

from uuid import UUID

from domain.kernel import crypto, database, settings
from domain.residents import phones


async def person_of(account: UUID) -> str:
    """The person's stable keyed name."""
    key = await phones.person_key(account)
    return key.hex() if key is not None else f"account:{account}"


async def persons_of(accounts: list[UUID]) -> dict[UUID, str]:
    """The persons of many accounts in one query."""
    rows = await database.fetch("select account, number_hash from resident_phone where account = any($1)", accounts)
    known = {row["account"]: row["number_hash"].hex() for row in rows}
    return {account: known.get(account, f"account:{account}") for account in accounts}


def blinded(purpose: str, *parts: object) -> UUID:
    """A keyed id for things that must not be linkable in the database, such as report and award."""
    told = crypto.blind_index("|".join(map(str, parts)), secret=settings.current().lookup_secret, purpose=purpose)
    return UUID(bytes=told[:16], version=5)
