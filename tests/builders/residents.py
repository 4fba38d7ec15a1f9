"""Residents with ordinary defaults."""

import itertools
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from api.tokens import issue_access
from domain.kernel import clock, database, settings
from domain.residents import accounts, sessions

_numbers = itertools.count(1)


class Resident(NamedTuple):
    """A signed-in resident: the account, its session and the headers of a request."""

    account: UUID
    session: UUID
    refresh_token: str
    headers: dict[str, str]


async def a_resident(*, openid: str | None = None, now: datetime | None = None) -> Resident:
    """Signs in as WeChat user `openid` (a new one by default); the `database` or `api` fixture must be open."""
    now = now or clock.utc_now()
    async with database.transaction():
        account = await accounts.account_for_openid(openid or f"openid-{next(_numbers)}", now=now)
        session = await sessions.begin(account, now=now)
    token = issue_access(settings.current(), kind="resident", subject=account, session=session.id, now=now)
    return Resident(account, session.id, session.refresh_token, {"Authorization": f"Bearer {token}"})
