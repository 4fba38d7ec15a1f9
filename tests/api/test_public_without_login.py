"""Every public reading route of the disclosure rooms answers without login and without cookies."""

import pytest

from api.routes import chief_messages, disclosure, enterprises, rivers
from domain.disclosure import demonstration as disclosed
from domain.enterprises import demonstration as rated
from domain.kernel import clock
from tests.domain.enterprises.test_demonstration import handled

VALUES = {
    "code:str": {"rivers": "QH-R-01", "enterprises": "91330106MA27X0015J"},
    "key:str": {"penalties": "清环罚〔2026〕1号", "enterprise-ratings": "91330106MA27X0015J", "rivers": "QH-R-01",
                "sections": "QH-S-01", "notices": "QH-N-1", "river-policies": "QH-R-01|2025版",
                "river-chiefs": "QH-R-01|county|2025-03-01"},
}  # fmt: skip
QUERIES = {"/v1/rivers/nearest": {"near": "120.07,30.45"}}


def reading_paths() -> list[str]:
    handlers = [*disclosure.ROUTES, *rivers.ROUTES, *enterprises.ROUTES, *chief_messages.ROUTES]
    return sorted(
        path
        for handler in handlers
        if handler.opt.get("audience") == "public" and "GET" in handler.http_methods
        for path in handler.paths
    )


@pytest.fixture
async def district(api):
    now = clock.utc_now()
    await disclosed.seed(now)
    await rated.seed(now)
    await handled()
    return api


async def test_every_public_route_answers_the_seeded_district(district) -> None:
    wrong = {}
    for path in reading_paths():
        if "{message:uuid}" in path:
            continue  # opened by a signed link, tested with the messages
        part = path.split("/")[3] if path.startswith("/v1/disclosure/") else path.split("/")[2]
        key = VALUES["key:str"].get(part, "")
        if "{key:str}" in path and not key:
            key = (await district.get(f"/v1/disclosure/{part}")).json()["items"][0]["key"]
        address = path.replace("{key:str}", key).replace("{code:str}", VALUES["code:str"].get(part, ""))
        answer = await district.get(address, params=QUERIES.get(path))
        if answer.status_code != 200 or "set-cookie" in answer.headers:
            wrong[address] = (answer.status_code, answer.text[:200])

    assert wrong == {}
    assert len(reading_paths()) > 40
