"""A reporter with canary values goes through everything; then every place a value could leak to is searched for them."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import msgspec
import pytest

from api.app import create_app
from domain.kernel import clock, database
from domain.kernel import settings as process_settings
from domain.residents import phones
from tests.builders.cases import Platform, drain, sandbox_platform
from tests.builders.media import a_photo
from tests.builders.reports import a_body, a_key
from tests.builders.residents import Resident, a_resident

OPENID = "oCANARYopenid7731"
PHONE = "13912345671"
WRITTEN = "请联系 13712345672，家住幸福小区 3 幢 502，微信 canary_wx_7731"
IN_TEXT = ("13712345672", "幸福小区 3 幢 502")


@pytest.fixture
def platform() -> Iterator[Platform]:
    with sandbox_platform() as running:
        yield running


@pytest.fixture
async def app(settings_with_s3, redis, platform) -> AsyncIterator[Any]:
    chosen = msgspec.structs.replace(settings_with_s3, case_platform_url=platform.url, log_level="debug")
    process_settings.use(chosen)
    made = create_app(chosen)
    async with made.lifespan():
        yield made


async def a_canary_report(client: httpx.AsyncClient) -> tuple[Resident, dict[str, Any]]:
    """A resident with a bound phone, a photograph with camera data, and a report with personal words."""
    resident = await a_resident(openid=OPENID)
    async with database.transaction():
        await phones.bind(resident.account, phone=phones.read(PHONE), proof="sms", now=clock.utc_now())
    files = {"file": ("canary-7731.jpg", a_photo(), "image/jpeg")}
    photo = (await client.post("/v1/photos", files=files, headers=resident.headers)).json()["id"]
    body = a_body(text=f"排口有黑水。{WRITTEN}", photo_ids=[photo], no_photo_reason=None)
    headers = {"Idempotency-Key": a_key()} | resident.headers
    answer = await client.post("/v1/reports", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return resident, answer.json()


async def seen_by_the_public(client: httpx.AsyncClient, report: dict[str, Any]) -> str:
    paths = [
        "/v1/public/reports",
        f"/v1/public/reports/{report['id']}",
        "/v1/public/reports/geojson",
        "/open311/v2/requests.json?extensions=true",
        f"/open311/v2/requests/{report['number']}.xml?extensions=true",
        "/metrics",
    ]
    answers = [await client.get(path) for path in paths]
    assert {a.status_code for a in answers} == {200}
    return "".join(a.text for a in answers)


async def stored_in_clear() -> str:
    """Every row of every table but the report itself (its text is the report), as text."""
    tables = await database.fetch(
        "select tablename from pg_tables where schemaname = 'public' and tablename <> 'report'"
    )
    found = [await database.fetch_value(f"select coalesce(json_agg(t)::text, '') from {t[0]} t") for t in tables]
    return "".join(found)


async def kept_in_redis(redis: Any) -> str:
    text = ""
    async for key in redis.scan_iter():
        text += key.decode(errors="replace")
        if await redis.type(key) == b"string":
            text += (await redis.get(key)).decode(errors="replace")
    return text


async def object_keys(app: Any) -> str:
    rows = await database.fetch("select original_key, copies_key, public_token from photo")
    return str([tuple(row) for row in rows])


async def test_no_value_of_the_reporter_leaves_the_sealed_store(app, redis, platform, capfd):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        resident, report = await a_canary_report(client)
        await drain(app.state.parts)
        public = await seen_by_the_public(client, report)
    told, stored = str(await platform.call("messages")), await stored_in_clear()
    logs = "".join(capfd.readouterr())
    secret = [OPENID, PHONE, f"+86{PHONE}", OPENID.encode().hex(), PHONE.encode().hex()]
    account = [str(resident.account), resident.account.hex]

    assert "opened" in told
    assert "POST" in logs
    for place, text in {
        "case platform": told,
        "public pages, exports, metrics": public,
        "logs": logs,
        "redis": await kept_in_redis(redis),
        "object keys": await object_keys(app),
    }.items():
        for value in [*secret, *account, "canary-7731"]:
            assert value not in text, f"{value} in {place}"
    for value in secret:
        assert value not in stored, f"{value} is stored in clear"
    for value in IN_TEXT:
        assert value not in public
        assert value not in logs


async def test_the_report_and_the_account_stand_together_in_no_row(app, platform):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        resident, report = await a_canary_report(client)
        await drain(app.state.parts)
    tables = await database.fetch("select tablename from pg_tables where schemaname = 'public'")

    together = [
        name
        for (name,) in tables
        if await database.fetch_value(
            f"select exists (select 1 from {name} t where to_jsonb(t)::text like '%' || $1 || '%'"
            " and to_jsonb(t)::text like '%' || $2 || '%')",
            str(resident.account),
            report["id"],
        )
    ]

    assert together == []
