"""Raw browsing: officers only, read-only, and no table that holds anything personal."""

import re

import httpx
import pytest
from piccolo.conf.apps import Finder

from api.admin import COOKIE, VISIBLE
from domain.kernel import database
from domain.kernel.settings import Settings
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in

PERSONAL = re.compile(
    r"phone|openid|account|owner|sealed|secret|hash$|token|password|sender|recipient|text$|address|payload|^body$"
)
HARMLESS = {"content_hash", "search_text", "public_json", "public_text"}
WITHOUT_PERSONS = {"audit_seal", "ledger_block", "outbox_event", "public_report"}  # hashes, ids and redacted text


async def browsing(api: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, str]:
    response = await api.post("/v1/operator/browse", headers=headers)
    assert response.status_code == 204, response.text
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/admin" in cookie
    return {"Cookie": cookie.split(";")[0]}


@pytest.fixture
async def cookie(api: httpx.AsyncClient, settings: Settings) -> dict[str, str]:
    await seed_officers(settings)
    return await browsing(api, await signed_in(api, CLERK))


def test_no_visible_table_has_a_personal_column() -> None:
    tables = [t for app in Finder().get_app_registry().app_configs.values() for t in app.table_classes]
    suspicious = [
        f"{table._meta.tablename}.{column._meta.name}"
        for table in tables
        if table._meta.tablename in VISIBLE and table._meta.tablename not in WITHOUT_PERSONS
        for column in table._meta.columns
        if PERSONAL.search(column._meta.name) and column._meta.name not in HARMLESS
    ]

    assert suspicious == []
    assert set(VISIBLE) <= {table._meta.tablename for table in tables}


async def test_the_page_its_files_and_a_table_can_be_read(api: httpx.AsyncClient, cookie: dict[str, str]) -> None:
    page = await api.get("/admin/", headers=cookie)
    files = re.findall(r"(?:src|href)=\"\.?/?([^\"]+\.(?:js|css))\"", page.text)
    rows = await api.get("/admin/api/tables/audit_entry/", headers=cookie)

    assert page.status_code == 200
    assert files
    for file in files:
        assert (await api.get(f"/admin/{file}", headers=cookie)).status_code == 200
    assert rows.status_code == 200
    assert any(row["action"] == "operator.signed_in" for row in rows.json()["rows"])
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/admin/", "/admin", "/admin/api/tables/audit_entry/", "/admin/assets/x.js"])
async def test_without_a_pass_nothing_is_shown(api: httpx.AsyncClient, path: str) -> None:
    response = await api.get(path)

    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")


async def test_a_bearer_token_is_not_a_pass_and_the_reverse(
    api: httpx.AsyncClient, settings: Settings, cookie: dict[str, str]
) -> None:
    bearer = await signed_in(api, REVIEWER)
    token = bearer["Authorization"].removeprefix("Bearer ")

    assert (await api.get("/admin/", headers={"Cookie": f"{COOKIE}={token}"})).status_code == 401
    swapped = {"Authorization": f"Bearer {cookie['Cookie'].split('=', 1)[1]}"}
    assert (await api.get("/v1/operator/me", headers=swapped)).status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_can_be_written(api: httpx.AsyncClient, cookie: dict[str, str], method: str) -> None:
    response = await api.request(method, "/admin/api/tables/audit_entry/1/", headers=cookie, json={})

    assert response.status_code == 405


@pytest.mark.parametrize("table", ["operator", "resident_phone", "sealed_reporter", "report", "refresh_token", "photo"])
async def test_sealed_and_personal_tables_are_not_there(
    api: httpx.AsyncClient, cookie: dict[str, str], table: str
) -> None:
    assert (await api.get(f"/admin/api/tables/{table}/", headers=cookie)).status_code == 404


async def test_piccolos_own_sign_in_is_closed(api: httpx.AsyncClient, cookie: dict[str, str]) -> None:
    assert (await api.get("/admin/public/login/", headers=cookie)).status_code == 403


async def test_the_pass_dies_with_the_session_and_the_role(api: httpx.AsyncClient, settings: Settings) -> None:
    await seed_officers(settings)
    cookie = await browsing(api, await signed_in(api, CLERK))

    await database.execute("update operator set roles = '{clerk}' where login = 'chen'")
    assert (await api.get("/admin/", headers=cookie)).status_code == 403
    await database.execute("update operator_session set ended_at = now()")
    assert (await api.get("/admin/", headers=cookie)).status_code == 401
