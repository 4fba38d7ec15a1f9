"""The outermost layer and the logs: fixed origins, quiet failures, masked lines, strong secrets."""

import asyncio
import contextvars
import io
import json
import logging

import httpx
import msgspec
import pytest
from litestar import get

from api import logs
from api.app import create_app
from domain.kernel import database
from domain.kernel import settings as process_settings
from domain.kernel.settings import Settings
from tests.builders.residents import a_resident

PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


async def test_only_configured_origins_are_allowed_and_none_is_reflected(settings: Settings, redis: object) -> None:
    chosen = msgspec.structs.replace(settings, cors_origins="https://h5.example")
    app = create_app(chosen)
    async with app.lifespan(), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as api:
        ours = await api.options("/v1/me", headers=PREFLIGHT | {"Origin": "https://h5.example"})
        theirs = await api.get("/problems", headers={"Origin": "https://evil.example"})

    assert ours.headers["access-control-allow-origin"] == "https://h5.example"
    assert "access-control-allow-credentials" not in ours.headers
    assert theirs.headers.get("access-control-allow-origin") != "https://evil.example"


async def test_https_is_demanded_where_the_public_address_is_https(settings: Settings, redis: object) -> None:
    app = create_app(msgspec.structs.replace(settings, public_url="https://green.example"))
    async with app.lifespan(), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as api:
        secure = await api.get("/health/live")

    assert secure.headers["strict-transport-security"].startswith("max-age=")


async def test_a_bug_is_a_500_with_the_request_id_and_nothing_else(
    settings: Settings, redis: object, capsys: pytest.CaptureFixture[str]
) -> None:
    @get("/boom", opt={"audience": "public"}, sync_to_thread=False)
    def boom() -> None:
        raise KeyError("13800138000 secret detail")

    app = create_app(settings)
    app.register(boom)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://test") as api:
        response = await api.get("/boom")

    assert (response.status_code, response.json()["code"]) == (500, "internal-error")
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert "secret detail" not in response.text
    line = next(json.loads(text) for text in capsys.readouterr().err.splitlines() if '"event": "bug"' in text)
    assert line["error"] == "KeyError"
    assert line["request_id"] == response.headers["x-request-id"]
    assert "secret detail" not in str(line)


@pytest.fixture
def lines() -> io.StringIO:
    """What the process logs, as text."""
    logs.configure(Settings())
    stream = io.StringIO()
    logging.getLogger().handlers[0].setStream(stream)
    return stream


def test_a_line_break_in_input_forges_no_line(lines: io.StringIO) -> None:
    logging.getLogger("x").warning("said", extra={"what": 'a\r\n{"event": "forged"}'})

    assert len(lines.getvalue().splitlines()) == 1
    assert json.loads(lines.getvalue())["event"] == "said"


@pytest.mark.parametrize(
    "personal",
    ["13800138000", "+86 13800138000", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "11010519491231002X"],
)
def test_what_looks_personal_is_masked_on_the_way_out(lines: io.StringIO, personal: str) -> None:
    logging.getLogger("x").warning("said", extra={"what": f"value {personal} end", "more": [personal]})

    assert personal.removeprefix("+86 ") not in lines.getvalue()
    assert json.loads(lines.getvalue())["what"] == "value [masked] end"


def test_ids_and_times_are_not_masked(lines: io.StringIO) -> None:
    told = "report 019a1b2c-3d4e-7f50-8a6b-138001380001 at 2026-11-22T01:02:03Z, 12345678901 us"
    logging.getLogger("x").warning("said", extra={"what": told})

    assert json.loads(lines.getvalue())["what"] == told


def test_libraries_that_log_whole_addresses_are_quiet(lines: io.StringIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: GET https://api.example/?secret=s3cr3t")

    assert lines.getvalue() == ""


@pytest.mark.parametrize("name", process_settings.SECRET_NAMES)
def test_production_refuses_every_development_secret_by_name(name: str) -> None:
    strong = {f"GW_{known.upper()}": f"{known}-{'x' * 40}" for known in process_settings.SECRET_NAMES}
    strong["GW_SEAL_KEYS"] = f"k1:{'y' * 40}"
    strong["GW_ENV"] = "production"

    with pytest.raises(ValueError, match=f"GW_{name.upper()}"):
        process_settings.load({key: value for key, value in strong.items() if key != f"GW_{name.upper()}"})


async def test_when_no_connection_is_free_the_answer_is_503_and_later_200(
    settings: Settings, redis: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "ACQUIRE_TIMEOUT_S", 0.1)
    app = create_app(msgspec.structs.replace(settings, database_pool_max=1))
    async with app.lifespan(), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as api:
        async with database.transaction():
            busy = await asyncio.create_task(api.get("/v1/public/audit/head"), context=contextvars.Context())
        free = await api.get("/v1/public/audit/head")

    assert (busy.status_code, busy.json()["code"]) == (503, "try-later")
    assert int(busy.headers["retry-after"]) >= 1
    assert free.status_code == 200


async def test_head_answers_like_get_without_a_body_also_for_lists_streams_and_refusals(
    api: httpx.AsyncClient,
) -> None:
    for path in ("/v1/disclosure/rivers", "/v1/disclosure/rivers.csv", "/v1/categories", "/v1/reports", "/v1/nothing"):
        got, head = await api.get(path), await api.head(path)

        assert (head.status_code, head.content) == (got.status_code, b""), path
        for name in ("content-type", "content-length", "etag", "allow", "www-authenticate"):
            assert head.headers.get(name) == got.headers.get(name), (path, name)


async def test_methods_that_are_offered_are_listed(api: httpx.AsyncClient) -> None:
    assert (await api.delete("/v1/categories")).headers["allow"] == "GET, HEAD, OPTIONS"
    assert (await api.delete("/v1/auth/wechat")).headers["allow"] == "OPTIONS, POST"


async def test_head_of_an_open_event_stream_ends(api: httpx.AsyncClient) -> None:
    resident = await a_resident()
    head = await api.head("/v1/inbox/stream", headers=resident.headers)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")
