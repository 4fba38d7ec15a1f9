"""Signing in by WeChat, staying signed in, signing out, and proving a phone, over HTTP."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from domain.kernel import database
from domain.residents import sms_codes
from tests.builders.residents import a_resident


@pytest.fixture
async def client(settings, redis, wechat_sandbox) -> AsyncIterator[httpx.AsyncClient]:
    from api.app import create_app

    app = create_app(wechat_sandbox.settings(settings))
    async with app.lifespan(), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as opened:
        yield opened


async def sign_in(client, sandbox, openid="oA"):
    return await client.post("/v1/auth/wechat", json={"code": sandbox.login_code(openid)})


def bearer(tokens):
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def test_a_code_signs_in_once_and_the_same_person_gets_the_same_account(client, wechat_sandbox):
    code = wechat_sandbox.login_code("oA")

    first = await client.post("/v1/auth/wechat", json={"code": code})
    again = await client.post("/v1/auth/wechat", json={"code": code})
    later = await sign_in(client, wechat_sandbox)

    assert (first.status_code, again.status_code, later.status_code) == (200, 401, 200)
    assert first.json()["expires_in"] == 900
    me = [(await client.get("/v1/me", headers=bearer(a.json()))).json()["id"] for a in (first, later)]
    assert me[0] == me[1]
    assert "session_key" not in first.text


async def test_v6_3_1_the_sixth_wrong_code_within_ten_minutes_is_429(client):
    answers = [await client.post("/v1/auth/wechat", json={"code": f"made-up-{n}"}) for n in range(6)]

    assert [a.status_code for a in answers] == [401] * 5 + [429]
    assert int(answers[5].headers["retry-after"]) > 0


async def test_v7_3_2_a_reused_refresh_token_ends_the_session_and_its_access_token(client, wechat_sandbox):
    tokens = (await sign_in(client, wechat_sandbox)).json()
    fresh = await client.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})

    reused = await client.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})

    assert (fresh.status_code, reused.status_code) == (200, 401)
    assert reused.headers["www-authenticate"].startswith("Bearer")
    assert (await client.get("/v1/me", headers=bearer(fresh.json()))).status_code == 401
    dead = await client.post("/v1/auth/refresh", json={"refresh_token": fresh.json()["refresh_token"]})
    assert dead.status_code == 401


async def test_v7_4_1_signing_out_kills_the_token_on_the_server(client, wechat_sandbox):
    tokens = (await sign_in(client, wechat_sandbox)).json()

    assert (await client.post("/v1/auth/logout", headers=bearer(tokens))).status_code == 204
    assert (await client.get("/v1/me", headers=bearer(tokens))).status_code == 401
    assert (await client.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})).status_code == 401


async def test_a_phone_is_bound_by_wechats_code_and_shown_masked(client, wechat_sandbox):
    tokens = (await sign_in(client, wechat_sandbox)).json()
    code = wechat_sandbox.phone_code("oA", "13800138000")

    bound = await client.post("/v1/auth/phone/wechat", json={"code": code}, headers=bearer(tokens))

    assert bound.json() == {"phone": "+86 138****8000", "region": "CN"}
    assert (await client.get("/v1/me", headers=bearer(tokens))).json()["phone"] == "+86 138****8000"


async def test_a_phone_is_bound_by_sms_code_and_a_wrong_one_counts(client):
    resident = await a_resident()
    ask = await client.post("/v1/auth/phone/sms-code", json={"phone": "+852 5123 4567"}, headers=resident.headers)
    request_id = ask.json()["request_id"]
    payload = msgspec.json.decode(await database.fetch_value("select payload from send_job where kind = 'sms_code'"))
    code = sms_codes.open_text(payload["code"], request_id=request_id)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"

    async def confirm(digits):
        body = {"request_id": request_id, "code": digits}
        return await client.post("/v1/auth/phone/confirm", json=body, headers=resident.headers)

    assert ask.status_code == 202
    assert (await confirm(wrong)).status_code == 422
    assert (await confirm(code)).json() == {"phone": "+852 51****67", "region": "HK"}
    assert (await confirm(code)).status_code == 422


async def test_a_consent_is_recorded_and_withdrawn_by_the_same_call(client):
    resident = await a_resident()
    ask = {"purpose": "points", "given": True, "text_version": "2026-11-01"}

    given = await client.post("/v1/me/consents", json=ask, headers=resident.headers)
    withdrawn = await client.post("/v1/me/consents", json=ask | {"given": False}, headers=resident.headers)

    assert [c["given"] for c in given.json()] == [True]
    assert [c["given"] for c in withdrawn.json()] == [False]
    assert await database.fetch_value("select count(*) from consent_record") == 2
