"""Officers change their password and get a new second factor, each with everything that must hold around it."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from domain.kernel import clock, database
from domain.kernel.settings import Settings
from domain.operators import one_time_codes
from tests.builders.operators import CLERK, REVIEWER, seed_officers, sign_in_body, signed_in

NEW = "a-password-of-my-own-27"


@pytest.fixture
async def officers(api: httpx.AsyncClient, settings: Settings) -> None:
    await seed_officers(settings)


pytestmark = pytest.mark.usefixtures("officers")


async def forget_used_codes() -> None:
    """A code works once; a test cannot wait for the next one."""
    await database.execute("update operator set totp_step = 0")


def change(**changes: str) -> dict[str, str]:
    code = one_time_codes.code_at(CLERK.totp_secret, now=clock.utc_now())
    return {"old_password": CLERK.password, "code": code, "new_password": NEW} | changes


async def actions() -> list[str]:
    return [row["action"] for row in await database.fetch("select action from audit_entry order by id")]


async def test_a_new_password_replaces_the_old_one_and_ends_other_sessions(api: httpx.AsyncClient) -> None:
    other = await signed_in(api, CLERK)
    await forget_used_codes()
    mine = await signed_in(api, CLERK)
    await forget_used_codes()

    changed = await api.post("/v1/operator/me/password", json=change(), headers=mine)

    assert changed.status_code == 204, changed.text
    assert (await api.get("/v1/operator/me", headers=mine)).status_code == 200
    assert (await api.get("/v1/operator/me", headers=other)).status_code == 401
    await forget_used_codes()
    assert (await api.post("/v1/operator/login", json=sign_in_body(CLERK))).status_code == 401
    assert (await api.post("/v1/operator/login", json=sign_in_body(CLERK, password=NEW))).status_code == 200
    assert "operator.password_changed" in await actions()


@pytest.mark.parametrize("wrong", [{"old_password": "not-my-password"}, {"code": "000000"}])
async def test_a_wrong_factor_changes_nothing_and_is_counted(api: httpx.AsyncClient, wrong: dict[str, str]) -> None:
    mine = await signed_in(api, CLERK)
    await forget_used_codes()

    refused = await api.post("/v1/operator/me/password", json=change(**wrong), headers=mine)

    assert (refused.status_code, refused.json()["code"]) == (403, "credentials-wrong")
    assert await database.fetch_value("select failures from operator where login = 'chen'") == 1
    assert "operator.password_refused" in await actions()
    assert (await api.post("/v1/operator/login", json=sign_in_body(CLERK))).status_code == 200


async def test_a_code_used_for_signing_in_does_not_change_the_password(api: httpx.AsyncClient) -> None:
    mine = await signed_in(api, CLERK)

    assert (await api.post("/v1/operator/me/password", json=change(), headers=mine)).status_code == 403


async def test_a_weak_new_password_is_refused(api: httpx.AsyncClient) -> None:
    mine = await signed_in(api, CLERK)
    await forget_used_codes()

    refused = await api.post("/v1/operator/me/password", json=change(new_password="chen-chen-chen"), headers=mine)

    assert (refused.status_code, refused.json()["code"]) == (400, "password-too-weak")


async def test_the_sixth_guess_of_the_old_password_is_429(api: httpx.AsyncClient, redis: object) -> None:
    mine = await signed_in(api, CLERK)
    body = change(old_password="not-my-password")
    for _ in range(5):
        await api.post("/v1/operator/me/password", json=body, headers=mine)

    assert (await api.post("/v1/operator/me/password", json=body, headers=mine)).status_code == 429


async def make_reviewer(api: httpx.AsyncClient, admin: dict[str, str]) -> dict[str, str]:
    """A third officer, signed in."""
    body = {"login": "zhao", "name": "赵复核", "password": "a-long-enough-phrase", "roles": ["reviewer"]}
    made = (await api.post("/v1/operator/officers", json=body, headers=admin)).json()
    secret = parse_qs(urlsplit(made["otpauth"]).query)["secret"][0]
    code = one_time_codes.code_at(secret, now=clock.utc_now())
    proof = {"login": "zhao", "password": body["password"], "code": code}
    token = (await api.post("/v1/operator/login", json=proof)).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


async def test_a_lost_second_factor_is_replaced_by_an_administrator_and_a_reviewer(api: httpx.AsyncClient) -> None:
    lost, admin = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    chen = (await api.get("/v1/operator/me", headers=lost)).json()["id"]
    reviewer = await make_reviewer(api, admin)
    asking = f"/v1/operator/officers/{chen}/second-factor-resets"
    approval = (await api.post(asking, json={"reason": "手机遗失"}, headers=admin)).json()["approval_id"]
    doing = f"/v1/operator/second-factor-resets/{approval}"

    early = await api.post(doing, headers=admin)
    own = await api.post(f"/v1/operator/approvals/{approval}/decision", json={"approve": True}, headers=admin)
    await api.post(f"/v1/operator/approvals/{approval}/decision", json={"approve": True}, headers=reviewer)
    done = await api.post(doing, headers=admin)
    again = await api.post(doing, headers=admin)

    assert (early.status_code, own.status_code, done.status_code, again.status_code) == (403, 403, 201, 403)
    assert done.headers["cache-control"] == "no-store"
    assert (await api.get("/v1/operator/me", headers=lost)).status_code == 401
    await forget_used_codes()
    assert (await api.post("/v1/operator/login", json=sign_in_body(CLERK))).status_code == 401
    secret = parse_qs(urlsplit(done.json()["otpauth"]).query)["secret"][0]
    code = one_time_codes.code_at(secret, now=clock.utc_now())
    assert (await api.post("/v1/operator/login", json=sign_in_body(CLERK, code=code))).status_code == 200
    assert "operator.second_factor_reset" in await actions()


async def test_nobody_asks_for_their_own_second_factor_and_a_clerk_for_nobodys(api: httpx.AsyncClient) -> None:
    clerk, admin = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    lin = (await api.get("/v1/operator/me", headers=admin)).json()["id"]
    asking = f"/v1/operator/officers/{lin}/second-factor-resets"

    assert (await api.post(asking, json={"reason": "手机遗失"}, headers=admin)).json()["code"] == "not-oneself"
    assert (await api.post(asking, json={"reason": "手机遗失"}, headers=clerk)).status_code == 403
