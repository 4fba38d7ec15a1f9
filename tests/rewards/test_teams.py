"""Teams: off by default, gifts capped and once, small teams hidden."""

import msgspec
import pytest

from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel import settings as process_settings
from rewards import proving
from tests.builders.residents import a_resident
from tests.builders.rewards import a_purse

pytestmark = pytest.mark.anyio


async def test_gifts_happen_once_within_the_days_limit_and_never_come_back(api, settings):
    who, now = await a_resident(), clock.utc_now()
    await a_purse(owner=who.account, points=300, now=now)
    off = await api.post("/v1/teams", headers=who.headers, json={"name": "清河队"})
    process_settings.use(msgspec.structs.replace(settings, leaderboard=True))
    team = (await api.post("/v1/teams", headers=who.headers, json={"name": "清河队"})).json()["id"]

    async def give(points: int, key: str, headers=who.headers):
        return await api.post(
            f"/v1/teams/{team}/gifts", headers=headers | {"Idempotency-Key": key}, json={"points": points}
        )

    strange = [
        (await give(points, f"gift-odd-{n}")).status_code
        for n, points in enumerate((0, -5, 1.5, "7", 2**53 + 1, 2**80, None))
    ]
    first, again, over = await give(80, "gift-0001"), await give(80, "gift-0001"), await give(30, "gift-0002")
    altered = await give(81, "gift-0001")
    stranger = await give(1, "gift-0003", (await a_resident()).headers)

    assert off.status_code == 404
    assert set(strange) == {400}
    assert (altered.status_code, altered.json()["code"]) == (409, "posting-key-altered")
    assert await db.fetch_value("select count(*) from audit_entry where action = 'posting.altered-replay'") == 1
    assert (first.json(), again.json()) == ({"balance": 220}, {"balance": 220})
    assert (over.status_code, stranger.status_code) == (409, 404)
    assert (await api.get("/v1/teams")).json() == []
    assert await proving.faults() == []
