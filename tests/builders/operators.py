"""Officers for tests: the two of the demonstration district, signed in over HTTP."""

import httpx

from domain.kernel import clock, database
from domain.kernel.settings import Settings
from domain.operators import demonstration, one_time_codes
from domain.operators.demonstration import OFFICERS, DemonstrationOfficer

CLERK, REVIEWER = OFFICERS


async def seed_officers(settings: Settings) -> None:
    """Makes both officers."""
    async with database.transaction():
        await demonstration.seed(settings, now=clock.utc_now())


def sign_in_body(officer: DemonstrationOfficer, **changes: str) -> dict[str, str]:
    """The body of a sign-in that works now."""
    code = one_time_codes.code_at(officer.totp_secret, now=clock.utc_now())
    return {"login": officer.login, "password": officer.password, "code": code} | changes


async def signed_in(api: httpx.AsyncClient, officer: DemonstrationOfficer) -> dict[str, str]:
    """Authorization headers of a fresh session; the officers must be seeded."""
    response = await api.post("/v1/operator/login", json=sign_in_body(officer))
    assert response.status_code == 200, response.text
    return {"Authorization": f"Bearer {response.json()['access_token']}"}
