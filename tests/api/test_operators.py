"""Officers over HTTP: two factors, lockout, roles, networks, sessions, second persons."""

from uuid import uuid4

import httpx
import msgspec
import pytest

from api import tokens
from domain.kernel import clock, crypto, database
from domain.kernel import settings as process_settings
from domain.kernel.settings import Settings
from domain.operators import four_eyes, one_time_codes
from tests.builders.operators import CLERK, REVIEWER, seed_officers, sign_in_body, signed_in


@pytest.fixture
async def officers(api: httpx.AsyncClient, settings: Settings) -> None:
    await seed_officers(settings)


pytestmark = pytest.mark.usefixtures("officers")


async def test_an_officer_signs_in_with_both_factors_and_is_known(api: httpx.AsyncClient) -> None:
    headers = await signed_in(api, CLERK)

    me = (await api.get("/v1/operator/me", headers=headers)).json()

    assert (me["login"], me["roles"], me["status"]) == ("chen", ["auditor", "clerk"], "active")
    assert "password" not in str(me)


@pytest.mark.parametrize(
    "changes",
    [{"password": "wrong-wrong-wrong"}, {"code": "000000"}, {"login": "nobody"}, {"password": CLERK.password + " "}],
)
async def test_every_way_of_being_wrong_answers_the_same(api: httpx.AsyncClient, changes: dict[str, str]) -> None:
    response = await api.post("/v1/operator/login", json=sign_in_body(CLERK, **changes))

    assert (response.status_code, response.json()["code"]) == (401, "sign-in-refused")
    assert "www-authenticate" in response.headers


async def test_a_one_time_code_works_once(api: httpx.AsyncClient) -> None:
    body = sign_in_body(CLERK)

    first, second = [(await api.post("/v1/operator/login", json=body)).status_code for _ in range(2)]

    assert (first, second) == (200, 401)


async def test_the_sixth_wrong_attempt_is_429_with_retry_after(api: httpx.AsyncClient) -> None:
    wrong = {"login": "nobody", "password": "x", "code": "000000"}
    statuses = [(await api.post("/v1/operator/login", json=wrong)).status_code for _ in range(5)]

    sixth = await api.post("/v1/operator/login", json=wrong)

    assert statuses == [401] * 5
    assert sixth.status_code == 429
    assert 60 <= int(sixth.headers["retry-after"]) <= 120


async def test_five_failures_lock_the_account_itself(api: httpx.AsyncClient, settings: Settings, redis: object) -> None:
    for _ in range(5):
        await api.post("/v1/operator/login", json=sign_in_body(CLERK, password="wrong-wrong-wrong"))
    await redis.flushall()  # the limiter forgets, the account does not

    response = await api.post("/v1/operator/login", json=sign_in_body(CLERK))

    assert response.status_code == 401
    assert await database.fetch_value("select locked_until > now() from operator where login = 'chen'")


async def test_signing_out_kills_the_token_at_once(api: httpx.AsyncClient) -> None:
    headers = await signed_in(api, CLERK)

    assert (await api.post("/v1/operator/logout", headers=headers)).status_code == 204
    assert (await api.get("/v1/operator/me", headers=headers)).status_code == 401


async def test_a_token_is_renewed_while_the_session_lives(api: httpx.AsyncClient) -> None:
    headers = await signed_in(api, CLERK)

    renewed = (await api.post("/v1/operator/token", headers=headers)).json()

    assert renewed["expires_in"] == 900
    again = {"Authorization": f"Bearer {renewed['access_token']}"}
    assert (await api.get("/v1/operator/me", headers=again)).status_code == 200


async def test_an_idle_session_ends(api: httpx.AsyncClient) -> None:
    headers = await signed_in(api, CLERK)
    await database.execute("update operator_session set last_used_at = now() - interval '31 minutes'")

    assert (await api.get("/v1/operator/me", headers=headers)).status_code == 401


async def test_a_stolen_token_from_another_network_is_refused(api: httpx.AsyncClient) -> None:
    headers = await signed_in(api, CLERK)
    await database.execute("update operator set networks = '10.20.0.0/16'")

    assert (await api.get("/v1/operator/me", headers=headers)).status_code == 401


async def test_a_residents_token_does_not_open_the_console_and_the_reverse(
    api: httpx.AsyncClient, settings: Settings
) -> None:
    resident = tokens.issue_access(settings, kind="resident", subject=uuid4(), session=uuid4(), now=clock.utc_now())
    operator = await signed_in(api, CLERK)

    assert (await api.get("/v1/operator/me", headers={"Authorization": f"Bearer {resident}"})).status_code == 401
    assert (await api.get("/v1/me", headers=operator)).status_code == 401


async def test_a_role_taken_away_stops_working_with_the_next_request(api: httpx.AsyncClient) -> None:
    clerk, admin = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    chen = (await api.get("/v1/operator/me", headers=clerk)).json()["id"]
    assert (await api.get("/v1/operator/audit", headers=clerk)).status_code == 200

    await api.put(f"/v1/operator/officers/{chen}/roles", json={"roles": ["clerk"]}, headers=admin)

    assert (await api.get("/v1/operator/audit", headers=clerk)).status_code == 403


async def test_a_disabled_officer_is_out_at_once(api: httpx.AsyncClient) -> None:
    clerk, admin = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    chen = (await api.get("/v1/operator/me", headers=clerk)).json()["id"]

    response = await api.post(f"/v1/operator/officers/{chen}/disable", json={"reason": "left"}, headers=admin)

    assert response.json()["status"] == "disabled"
    assert (await api.get("/v1/operator/me", headers=clerk)).status_code == 401


async def test_nobody_changes_their_own_account(api: httpx.AsyncClient) -> None:
    admin = await signed_in(api, REVIEWER)
    lin = (await api.get("/v1/operator/me", headers=admin)).json()["id"]

    roles = await api.put(f"/v1/operator/officers/{lin}/roles", json={"roles": ["auditor"]}, headers=admin)
    disable = await api.post(f"/v1/operator/officers/{lin}/disable", json={"reason": "oops"}, headers=admin)

    assert [roles.json()["code"], disable.json()["code"]] == ["not-oneself"] * 2


async def test_a_new_officer_can_sign_in_and_the_secret_is_stored_sealed(
    api: httpx.AsyncClient, settings: Settings
) -> None:
    admin = await signed_in(api, REVIEWER)
    body = {"login": "wang", "name": "王新", "password": "a-long-enough-phrase", "roles": ["clerk"]}
    made = (await api.post("/v1/operator/officers", json=body, headers=admin)).json()
    secret = httpx.URL(made["otpauth"]).params["secret"]

    code = one_time_codes.code_at(secret, now=clock.utc_now())
    response = await api.post("/v1/operator/login", json={"login": "wang", "password": body["password"], "code": code})

    assert response.status_code == 200
    stored = await database.fetch_value("select totp_secret from operator where login = 'wang'")
    assert secret.encode() not in stored
    assert crypto.key_id(stored) == "dev1"
    again = await api.post("/v1/operator/officers", json=body, headers=admin)
    assert (again.status_code, again.json()["code"]) == (409, "login-taken")


@pytest.mark.parametrize("password", ["shortpass", "aaaaaaaaaaaaaa", "xx-wang-xx-wang-xx"])
async def test_weak_passwords_are_refused(api: httpx.AsyncClient, password: str) -> None:
    admin = await signed_in(api, REVIEWER)
    body = {"login": "wang", "name": "王新", "password": password, "roles": ["clerk"]}

    assert (await api.post("/v1/operator/officers", json=body, headers=admin)).status_code == 400


async def test_a_clerk_makes_no_accounts(api: httpx.AsyncClient) -> None:
    clerk = await signed_in(api, CLERK)
    body = {"login": "wang", "name": "王新", "password": "a-long-enough-phrase", "roles": ["administrator"]}

    assert (await api.post("/v1/operator/officers", json=body, headers=clerk)).status_code == 403


async def asked(api: httpx.AsyncClient, headers: dict[str, str]) -> tuple[str, str]:
    me = (await api.get("/v1/operator/me", headers=headers)).json()["id"]
    async with database.transaction():
        approval = await four_eyes.ask(
            action="test.act", subject="thing:1", reason="because", operator=me, now=clock.utc_now(), detail={"n": 1}
        )
    return me, str(approval)


async def test_another_officer_approves_and_the_act_spends_it_once(api: httpx.AsyncClient) -> None:
    clerk, reviewer = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    chen, approval = await asked(api, clerk)

    decided = await api.post(f"/v1/operator/approvals/{approval}/decision", json={"approve": True}, headers=reviewer)

    assert decided.json()["decision"] == "approved"
    spend = {"action": "test.act", "subject": "thing:1", "operator": chen, "now": clock.utc_now()}
    async with database.transaction():
        assert await four_eyes.spend(approval, **spend) == {"n": 1}
    with pytest.raises(four_eyes.ApprovalNeeded):
        await four_eyes.spend(approval, **spend)
    with pytest.raises(four_eyes.ApprovalNeeded):
        await four_eyes.spend(approval, **spend | {"subject": "thing:2"})


async def test_nobody_approves_their_own_request(api: httpx.AsyncClient) -> None:
    reviewer = await signed_in(api, REVIEWER)
    _, approval = await asked(api, reviewer)

    response = await api.post(f"/v1/operator/approvals/{approval}/decision", json={"approve": True}, headers=reviewer)

    assert (response.status_code, response.json()["code"]) == (403, "not-oneself")


async def test_a_decision_is_final_and_an_old_request_expires(api: httpx.AsyncClient) -> None:
    clerk, reviewer = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    _, approval = await asked(api, clerk)
    address = f"/v1/operator/approvals/{approval}/decision"

    first = await api.post(address, json={"approve": False, "note": "no"}, headers=reviewer)
    second = await api.post(address, json={"approve": True}, headers=reviewer)

    assert (first.status_code, second.status_code) == (200, 409)
    _, late = await asked(api, clerk)
    await database.execute("update approval set expires_at = asked_at where id = $1", late)
    response = await api.post(f"/v1/operator/approvals/{late}/decision", json={"approve": True}, headers=reviewer)
    assert response.json()["code"] == "approval-already-decided"


async def test_every_act_of_an_officer_is_in_the_audit_trail(api: httpx.AsyncClient) -> None:
    clerk, reviewer = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    _, approval = await asked(api, clerk)
    await api.post(f"/v1/operator/approvals/{approval}/decision", json={"approve": True}, headers=reviewer)

    page = (await api.get("/v1/operator/audit", params={"limit": 3}, headers=clerk)).json()
    rest = (await api.get("/v1/operator/audit", params={"limit": 100, "cursor": page["next"]}, headers=clerk)).json()

    actions = [row["action"] for row in page["items"] + rest["items"]]
    for action in ("approval.approved", "approval.asked", "operator.signed_in", "operator.created"):
        assert action in actions
    assert len({row["id"] for row in page["items"] + rest["items"]}) == len(actions)
    assert CLERK.password not in str(page)


async def test_production_makes_no_demonstration_officers(settings: Settings) -> None:
    from domain.operators import demonstration

    production = msgspec.structs.replace(settings, env="production")
    with pytest.raises(ValueError, match="public passwords"):
        await demonstration.seed(production, now=clock.utc_now())
    assert process_settings.current() is settings
