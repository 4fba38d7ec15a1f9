"""The description says everything: all routes, audiences, bounds, problems; and its page loads nothing from elsewhere."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from litestar import Litestar
from litestar.routes import HTTPRoute

from api.app import create_app
from api.examples import EXAMPLES
from api.openapi import document, rendered
from api.openapi_file import FILE
from domain.kernel.errors import REFUSALS
from domain.kernel.settings import Settings
from tests.builders.residents import a_resident

FORMAT_CHECKER = Draft202012Validator.FORMAT_CHECKER
METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture(scope="module")
def app() -> Litestar:
    return create_app(Settings())


@pytest.fixture(scope="module")
def described(app: Litestar) -> dict[str, Any]:
    return document(app)


def operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in described["paths"].items():
        for method in METHODS & set(item):
            yield f"{method.upper()} {path}", item[method]


def test_the_committed_file_describes_these_routes(app: Litestar) -> None:
    assert rendered(app) == FILE.read_text(encoding="utf-8"), "run `python -m api.openapi_file`"


def test_what_is_served_is_what_is_described(app: Litestar, described: dict[str, Any]) -> None:
    served = {
        f"{method} {route.path_format}"
        for route in app.routes
        if isinstance(route, HTTPRoute) and not route.path_format.endswith("/{rest}")  # Open311's own 404
        for method in route.route_handler_map
        if method != "OPTIONS"
    }

    assert served == {name for name, _ in operations(described)}


def test_every_operation_says_what_it_is_for(described: dict[str, Any]) -> None:
    for name, operation in operations(described):
        assert operation.get("summary"), name
        assert operation.get("description"), name
        assert operation.get("tags"), name
        assert "x-audience" in operation, name


def test_operation_ids_are_unique(described: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(described)]

    assert len(ids) == len(set(ids))


def test_every_operation_tells_its_problems(described: dict[str, Any]) -> None:
    for name, operation in operations(described):
        assert {"400", "429", "500", "503"} <= set(operation["responses"]), name
        if operation["x-audience"] in {"resident", "operator"}:
            assert "401" in operation["responses"], name
            assert operation["security"] == [{operation["x-audience"]: []}], name


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(described))):
        node: Any = described
        for part in reference.split("/"):
            node = node[part]
        assert node


def test_every_refusal_of_the_house_is_a_described_problem_type(described: dict[str, Any]) -> None:
    assert set(REFUSALS) == set(described["x-problem-types"])


def loose(
    schema: dict[str, Any], described: dict[str, Any], *, at: str, seen: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Paths of inputs without any bound: texts without length or pattern, lists without length, numbers without range."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name not in seen:
            yield from loose(described["components"]["schemas"][name], described, at=at, seen=seen | {name})
        return
    for kind in ("oneOf", "anyOf", "allOf"):
        for option in schema.get(kind, []):
            inherited = {key: schema[key] for key in ("maxLength", "pattern", "maximum", "minimum") if key in schema}
            yield from loose(option | inherited if "$ref" not in option else option, described, at=at, seen=seen)
    types = schema.get("type", [])
    types = types if isinstance(types, list) else [types]
    if "string" in types and not {"maxLength", "pattern", "format", "enum", "const"} & set(schema):
        yield at
    if {"integer", "number"} & set(types) and not {"maximum", "exclusiveMaximum", "enum", "const"} & set(schema):
        yield at
    if "array" in types and "maxItems" not in schema:
        yield at
    if "array" in types and "items" in schema:
        yield from loose(schema["items"], described, at=f"{at}[]", seen=seen)
    for name, property_ in schema.get("properties", {}).items():
        yield from loose(property_, described, at=f"{at}.{name}", seen=seen)


def test_every_input_has_bounds(described: dict[str, Any]) -> None:
    unbounded = []
    for name, operation in operations(described):
        for parameter in operation.get("parameters", []):
            unbounded += loose(parameter["schema"], described, at=f"{name} {parameter['in']} {parameter['name']}")
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            if media_type == "application/json":
                unbounded += loose(content["schema"], described, at=f"{name} body")

    assert unbounded == []


async def test_the_page_and_everything_it_needs_come_from_here(api: httpx.AsyncClient) -> None:
    page = await api.get("/docs")
    policy = page.headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert not re.findall(r"(?:src|href|url)=\"(?!/)", page.text)
    for address in re.findall(r"(?:src|spec-url)=\"([^\"]+)\"", page.text):
        assert (await api.get(address)).status_code == 200


async def test_the_viewer_is_sent_compressed_and_plain(api: httpx.AsyncClient) -> None:
    packed = await api.get("/docs/rapidoc-min.js", headers={"Accept-Encoding": "gzip"})
    plain = await api.get("/docs/rapidoc-min.js", headers={"Accept-Encoding": "identity"})

    assert packed.content == plain.content
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers


async def test_the_served_description_is_the_same_document(api: httpx.AsyncClient, described: dict[str, Any]) -> None:
    response = await api.get("/openapi.json")

    assert response.json() == described
    assert described["openapi"].startswith("3.1")


def contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every body of an operation that has an example."""
    answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    for body in [operation.get("requestBody", {}), *answers]:
        yield from (content for content in body.get("content", {}).values() if "example" in content)


def test_the_story_has_examples_that_follow_their_schemas(described: dict[str, Any]) -> None:
    shown = set()
    for name, operation in operations(described):
        for content in contents(operation):
            schema = content["schema"] | {"components": described["components"]}
            Draft202012Validator(schema, format_checker=FORMAT_CHECKER).validate(content["example"])
            shown.add(name)

    assert shown == set(EXAMPLES)


async def test_the_example_report_is_one_that_a_newcomer_can_send(api: httpx.AsyncClient) -> None:
    resident = await a_resident()
    sent = dict(EXAMPLES["POST /v1/reports"].sent) | {"no_photo_reason": "other"}
    sent.pop("photo_ids")  # the newcomer's own ids stand there

    answer = await api.post("/v1/reports", json=sent, headers=resident.headers | {"Idempotency-Key": "from-the-docs"})

    assert answer.status_code == 201, answer.text
    assert answer.json()["town"] == EXAMPLES["POST /v1/reports"].answered["town"]
