"""A flood of forged tokens is refused by address before anything is verified; everybody else goes on."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from api import bad_tokens
from api import tokens as access_tokens
from api.bad_tokens import FORGED
from tests.builders.residents import a_resident

ELSEWHERE = "203.0.113.9"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    bad_tokens._deaf_until.clear()
    yield
    bad_tokens._deaf_until.clear()


@pytest.fixture
async def stranger(api: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """The same app, called from an address outside."""
    transport = httpx.ASGITransport(app=api._transport.app, client=(ELSEWHERE, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def forged(n: int) -> dict[str, str]:
    return {"Authorization": f"Bearer eyJhbGciOiJIUzI1NiJ9.e30.forged{n:04}"}


async def flood(client: httpx.AsyncClient, count: int) -> list[int]:
    return [(await client.get("/v1/me", headers=forged(n))).status_code for n in range(count)]


async def test_a_flood_of_forged_tokens_gets_429_with_retry_after(stranger: httpx.AsyncClient, redis: object) -> None:
    statuses = await flood(stranger, FORGED.burst + 5)

    last = await stranger.get("/v1/me", headers=forged(9999))

    assert statuses == [401] * FORGED.burst + [429] * 5
    assert (last.status_code, last.json()["code"]) == (429, "too-many-requests")
    assert int(last.headers["retry-after"]) >= 1


async def test_nothing_is_verified_for_an_address_that_floods(
    stranger: httpx.AsyncClient, redis: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    await flood(stranger, FORGED.burst + 1)
    verified: list[str] = []
    monkeypatch.setattr(access_tokens, "_verify", lambda *_, **__: verified.append("once"))

    assert (await stranger.get("/v1/me", headers=forged(1))).status_code == 429
    assert verified == []


async def test_a_person_at_the_same_address_whose_token_is_known_goes_on(
    stranger: httpx.AsyncClient, redis: object
) -> None:
    resident = await a_resident()
    assert (await stranger.get("/v1/me", headers=resident.headers)).status_code == 200

    await flood(stranger, FORGED.burst + 3)

    assert (await stranger.get("/v1/me", headers=resident.headers)).status_code == 200
    assert (await stranger.get("/v1/categories")).status_code == 200


async def test_other_addresses_are_not_touched(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient, redis: object
) -> None:
    await flood(stranger, FORGED.burst + 3)

    assert (await api.get("/v1/me", headers=forged(1))).status_code == 401


async def test_expired_tokens_of_our_own_do_not_count(
    stranger: httpx.AsyncClient, redis: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = await a_resident()
    monkeypatch.setattr(access_tokens, "LEEWAY", -access_tokens.ACCESS_LIFETIME)

    statuses = [(await stranger.get("/v1/me", headers=resident.headers)).status_code for _ in range(FORGED.burst + 5)]

    assert set(statuses) == {401}
