"""Every error is a problem: RFC 9457, both languages, a stable type, the right headers."""

import json
import re

import httpx
import pytest

from domain.kernel.errors import REFUSALS


def the_problem(response: httpx.Response, *, status: int, code: str) -> dict:
    assert status == response.status_code
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (code, status) == (body["code"], body["status"])
    assert body["type"].endswith(f"/problems/{code}")
    assert body["request_id"] == response.headers["x-request-id"]
    assert re.search("[一-鿿]", body["title"] + body["advice"])
    assert body["title_en"].isascii()
    return body


async def test_an_unknown_path_is_a_problem(api: httpx.AsyncClient) -> None:
    the_problem(await api.get("/v1/nowhere"), status=404, code="not-found")


async def test_a_wrong_method_names_the_right_ones(api: httpx.AsyncClient) -> None:
    response = await api.delete("/problems")

    the_problem(response, status=405, code="method-not-allowed")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("method", ["TRACE", "PATCH", "PROPFIND"])
async def test_unlisted_methods_are_refused(api: httpx.AsyncClient, method: str) -> None:
    the_problem(await api.request(method, "/problems"), status=405, code="method-not-allowed")


async def test_a_method_override_header_changes_nothing(api: httpx.AsyncClient) -> None:
    response = await api.get("/problems", headers={"X-HTTP-Method-Override": "DELETE"})

    assert response.status_code == 200


async def test_every_refusal_of_the_house_is_listed_and_can_be_read_alone(api: httpx.AsyncClient) -> None:
    listed = (await api.get("/problems")).json()

    assert sorted(REFUSALS) == [entry["code"] for entry in listed]
    for entry in listed:
        assert entry == (await api.get(f"/problems/{entry['code']}")).json()


def test_every_refusal_says_what_to_do_in_both_languages() -> None:
    for refusal in REFUSALS.values():
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", refusal.code)
        assert 400 <= refusal.status < 600
        for text in (refusal.title, refusal.advice):
            assert re.search("[一-鿿]", text.zh), refusal
            assert text.en, refusal


async def test_the_callers_request_id_is_kept_when_plain(api: httpx.AsyncClient) -> None:
    kept = await api.get("/health/live", headers={"X-Request-Id": "gateway-0123456789"})
    replaced = await api.get("/health/live", headers={"X-Request-Id": "a b\tc"})

    assert kept.headers["x-request-id"] == "gateway-0123456789"
    assert re.fullmatch("[0-9a-f]{24}", replaced.headers["x-request-id"])


@pytest.mark.parametrize("path", ["/problems/%00", "/problems/a%0d%0aset-cookie:x", "/problems?x=%1b", "/problems/%7F"])
async def test_control_characters_in_the_address_are_malformed(api: httpx.AsyncClient, path: str) -> None:
    the_problem(await api.get(path), status=400, code="malformed-request")


async def test_every_answer_carries_the_security_headers(api: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/nowhere", "/problems"):
        headers = (await api.get(path)).headers

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers


async def test_no_error_answer_tells_about_the_inside(api: httpx.AsyncClient) -> None:
    for path in ("/nowhere", "/problems/UPPER", "/problems/%E2%80%8B"):
        text = json.dumps((await api.get(path)).json())

        assert not re.search(r"litestar|msgspec|Traceback|\.py\b|select ", text, re.IGNORECASE)


async def test_a_bad_body_lists_its_fields_in_both_languages(api: httpx.AsyncClient) -> None:
    response = await api.post("/v1/operator/login", json={"login": "c", "password": "x", "code": "000000"})

    body = the_problem(response, status=400, code="validation-failed")
    assert body["field"] == "login"
    assert body["errors"] == [
        {
            "field": "login",
            "source": "body",
            "message": "不得少于 2 个字符",
            "message_en": "Expected `str` of length >= 2",
        }
    ]


@pytest.mark.parametrize(
    ("body", "field"), [({"login": "cc", "password": "x"}, "code"), ({"login": "cc", "is_admin": True}, "is_admin")]
)
async def test_a_missing_or_unknown_field_is_named(api: httpx.AsyncClient, body: dict, field: str) -> None:
    response = await api.post("/v1/operator/login", json=body)

    assert the_problem(response, status=400, code="validation-failed")["field"] == field
