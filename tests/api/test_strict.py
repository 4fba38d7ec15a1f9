"""Bodies, ids and queries have one meaning or are refused, fast."""

import contextlib
import json
import time
from typing import Annotated
from uuid import UUID

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.exceptions import ValidationException

from api.problems import Malformed
from api.strict import DEPTH_MAX, INTEGER_MAX, read_json


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    text: str = ""
    number: Annotated[int, msgspec.Meta(ge=0)] = 0
    ratio: float = 0.0
    parts: list["Thing"] = []
    ids: list[UUID] = []


DECODER = msgspec.json.Decoder(Thing)
LOGIN = "/v1/operator/login"


def read(body: bytes | str) -> Thing:
    return read_json(body if isinstance(body, bytes) else body.encode(), decoder=DECODER)


@pytest.mark.parametrize(
    "body",
    [
        '{"text": "a", "text": "b"}',
        '{"parts": [{"number": 1, "number": 1}]}',
        '{"text": "\\u0000"}',
        '{"text": "\\u001b[31m"}',
        '{"text": "\\u007f"}',
        '{"text": "\\ud800"}',
        '{"text": "a\\udc00b"}',
        '{"text": "\x7f"}',
        '{"text": "\x85"}',
        '{"text": "a\x00b"}',
        '{"ratio": NaN}',
        '{"ratio": Infinity}',
        '{"number": 9007199254740993}',
        '{"number": 1' + "0" * 5_000 + "}",
        '{"number": -' + "9" * 5_000 + "}",
        '{"ratio": 1e999}',
        "[" * 1_000 + "]" * 1_000,
        '{"parts":[' * 1_000 + "]}" * 1_000,
        '{"a":' * 100_000,
        "",
        "{",
        "{'a': 1}",
        '{"text": "a"} {}',
        "\ufeff{}",
        b'{"text": "\xff"}',
        b'{"text": "\xed\xa0\x80"}',
        '{"text": "' + '"\\' * 5_000,
    ],
    ids=range(27),
)
def test_what_is_not_plain_json_is_malformed(body: bytes | str) -> None:
    with pytest.raises((Malformed, ValidationException)):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        '{"number": "1"}',
        '{"number": 1.5}',
        '{"number": true}',
        '{"number": -1}',
        '{"other": 1}',
        "[]",
        "null",
        '{"ids": ["x"]}',
    ],
)
def test_wrong_types_and_unknown_keys_name_the_field(body: str) -> None:
    with pytest.raises(ValidationException) as caught:
        read(body)

    assert caught.value.extra[0]["source"] == "body"
    assert caught.value.extra[0]["message"]


def test_the_field_is_named_by_its_path() -> None:
    with pytest.raises(ValidationException) as caught:
        read('{"parts": [{"number": 1}, {"number": "x"}]}')

    assert caught.value.extra[0]["key"] == "parts[1].number"


def test_text_is_normalised_whether_escaped_or_not() -> None:
    assert read('{"text": "e\u0301"}').text == "é"
    assert read('{"text": "e\\u0301"}').text == "é"
    assert read('{"text": "\\ud83d\\ude00河长\\n"}').text == "😀河长\n"


def test_the_deepest_and_largest_allowed_pass() -> None:
    deep = '{"parts":[' * (DEPTH_MAX // 2) + "]}" * (DEPTH_MAX // 2)

    assert read(deep).parts
    assert read(f'{{"number": {INTEGER_MAX}}}').number == INTEGER_MAX


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_but_never_breaks(text: str) -> None:
    try:
        got = read(json.dumps({"text": text}))
    except (Malformed, ValidationException):
        return
    assert "\x00" not in got.text


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_but_never_break(body: bytes) -> None:
    with contextlib.suppress(Malformed, ValidationException):
        read(body)


async def test_a_large_or_deep_body_is_refused_quickly(api: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    bodies = {
        "10 MB": (b'"' + b"a" * 10_000_000 + b'"', 413),
        "10 MB chunked": (b"[" + b"1," * 5_000_000, 413),
        "depth 1,000": (b"[" * 1_000 + b"]" * 1_000, 400),
        "256 KiB of brackets": (b"[" * 262_000, 400),
        "256 KiB of quotes": (b'"\\' * 131_000, 400),
    }
    await api.post(LOGIN, content=b"{}", headers=headers)
    for name, (body, status) in bodies.items():
        started = time.perf_counter()
        response = await api.post(LOGIN, content=body, headers=headers)

        assert status == response.status_code, name
        assert time.perf_counter() - started < 0.1, name
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "", "json"]
)
async def test_a_body_of_another_media_type_is_415(api: httpx.AsyncClient, media_type: str) -> None:
    response = await api.post(LOGIN, content=b"{}", headers={"Content-Type": media_type} if media_type else {})

    assert (response.status_code, response.json()["code"]) == (415, "unsupported-media-type")


async def test_a_missing_body_is_a_400(api: httpx.AsyncClient) -> None:
    assert (await api.post(LOGIN)).status_code == 400


PUBLIC_REPORT = "/v1/public/reports/{}"
SOME = "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"


@pytest.mark.parametrize(
    "spelling",
    [
        SOME.replace("-", ""),
        "{" + SOME + "}",
        "urn:uuid:" + SOME,
        SOME.replace("0190", "０１９０"),
        SOME.replace("0190", "٠١٩٠"),
        SOME[:-1],
        "1",
        "１２",
        "nul%C0%80",
    ],
)
async def test_an_id_has_one_spelling(api: httpx.AsyncClient, spelling: str) -> None:
    assert (await api.get(PUBLIC_REPORT.format(spelling))).status_code == 404
