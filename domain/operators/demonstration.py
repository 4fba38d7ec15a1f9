"""The two officers of the fictitious district. Their passwords are public, so production refuses to make them."""

from datetime import datetime
from typing import NamedTuple

from domain.kernel import crypto, database
from domain.kernel.settings import Settings
from domain.operators import accounts


class DemonstrationOfficer(NamedTuple):
    """A published account for trying the product."""

    login: str
    name: str
    password: str
    totp_secret: str
    roles: tuple[str, ...]


OFFICERS = (
    DemonstrationOfficer(
        "chen", "陈晓办", "qinghe-demo-clerk-2026", "GREENWHISTLEDEMOCHENQINGHE234567", ("auditor", "clerk")
    ),
    DemonstrationOfficer(
        "lin", "林复核", "qinghe-demo-review-2026", "GREENWHISTLEDEMOLINQINGHE2345672", ("administrator", "reviewer")
    ),
)


async def seed(settings: Settings, *, now: datetime) -> int:
    """Makes the officers that are missing, in the caller's transaction; returns how many. Refused in production."""
    if settings.env == "production":
        raise ValueError("demonstration officers have public passwords and are never made in production")
    known = {row["login"] for row in await database.fetch("select login from operator")}
    missing = [officer for officer in OFFICERS if officer.login not in known]
    for officer in missing:
        await accounts.create(
            login=officer.login,
            name=officer.name,
            password=officer.password,
            roles=officer.roles,
            ring=crypto.key_ring(settings.seal_keys),
            totp_secret=officer.totp_secret,
            actor="system",
            now=now,
        )
    return len(missing)
