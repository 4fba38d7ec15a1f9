"""The API's description: OpenAPI 3.1 made from the routes, with the problems each operation can answer.

`python -m api.openapi_file` writes it to `openapi.json`; a test compares the committed file with the routes.
"""

import json
import re
from typing import Any

import msgspec
from litestar import Litestar
from litestar._openapi.plugin import OpenAPIPlugin
from litestar.config.app import AppConfig
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import License
from litestar.routes import HTTPRoute

from api.examples import add_examples
from api.field_errors import FieldError
from api.problems import PROBLEM_JSON, Problem
from api.strict import PATH_CHARS_MAX, PATH_INTEGER_MAX
from domain.kernel.errors import REFUSALS

VERSION = "0.1.0"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
ABOUT = """
绿哨：区县生态环境局的公众参与与绿色信用后端。Public participation and green credit for one Chinese district.

Errors are `application/problem+json` (RFC 9457) with a stable `type` whose index is `GET /problems`; texts are Chinese
with English beside. Times are RFC 3339 in UTC, days are Asia/Shanghai, coordinates name their datum, points are
integers, carbon is in milligrams of CO2e. Unknown and repeated JSON keys are refused. Lists are paged with an opaque
`cursor`. POSTs with an effect take an `Idempotency-Key`. Every answer has an `X-Request-Id`.
"""
PROBLEMS = {
    "400": ("BadRequest", "The request is malformed or a value is outside its limits; `errors` lists the fields."),
    "401": ("Unauthenticated", "No valid access token."),
    "403": ("Forbidden", "The caller may not do this."),
    "404": ("NotFound", "It does not exist, or this caller may not know that it does."),
    "409": ("Conflict", "The state does not allow it now; `code` says why."),
    "413": ("TooLarge", "The body is larger than this route reads."),
    "415": ("WrongMediaType", "The body is not of the media type this route reads."),
    "422": ("Unprocessable", "Well-formed, but against a rule; `code` says which."),
    "429": ("TooManyRequests", "A rate limit is used up; wait the seconds in `Retry-After`."),
    "500": ("InternalError", "A bug on our side; nothing was changed. Tell us the `request_id`."),
    "503": ("Unavailable", "A part this request needs is down; nothing was changed. Try again later."),
}
FORMATS = {
    "csv": "text/csv",
    "xml": "text/xml",
    "atom": "application/atom+xml",
    "geojson": "application/geo+json",
    "svg": "image/svg+xml",
}
PATH_BOUNDS: dict[Any, dict[str, int]] = {  # what api.strict lets through
    "string": {"maxLength": PATH_CHARS_MAX},
    "integer": {"minimum": 0, "maximum": PATH_INTEGER_MAX},
}
OPEN311 = "/open311/"  # speaks the standard's own XML and JSON, also for errors
SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "resident": [{"resident": []}],
    "operator": [{"operator": []}],
    "public": [],
    "ops": [],
    "partner": [{"partner": []}],
    "platform": [{"signature": []}],
    "wechat": [],
}
SCHEMES = {
    "resident": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A resident's token."},
    "operator": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An officer's token."},
    "partner": {"type": "http", "scheme": "bearer", "description": "A partner system's API key."},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks: with `webhook-id` and `webhook-timestamp`, HMAC-SHA256 over all.",
    },
}


def document(app: Litestar) -> dict[str, Any]:
    """The OpenAPI document of the app as JSON-ready values, in a stable order."""
    plugin = app.plugins.get(OpenAPIPlugin)
    config = OpenAPIConfig(
        title="Green Whistle 绿哨",
        version=VERSION,
        description=ABOUT.strip(),
        use_handler_docstrings=True,
        license=License(name="MIT", identifier="MIT"),
        operation_id_creator=_operation_id,
    )
    plugin.on_app_init(AppConfig(openapi_config=config))  # Litestar's own routes for it are not wanted
    made: dict[str, Any] = msgspec.to_builtins(plugin.provide_openapi().to_schema(), str_keys=True)
    made.pop("servers", None)  # the address is wherever the document was read from
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path_format in made["paths"]:
            _finish_path(made["paths"][route.path_format], route)
    add_examples(made["paths"])
    _item_bounds(made["components"]["schemas"], app)
    _finish_components(made)
    made["x-problem-types"] = {code: REFUSALS[code].status for code in sorted(REFUSALS)}
    made["paths"] = dict(sorted(made["paths"].items()))
    made["components"] = {key: dict(sorted(value.items())) for key, value in sorted(made["components"].items())}
    return made


def _item_bounds(schemas: dict[str, Any], app: Litestar) -> None:
    """Bounds of list items, which Litestar leaves out: msgspec's own schema of the bodies has them."""
    handlers = (h for r in app.routes if isinstance(r, HTTPRoute) for h, _ in r.route_handler_map.values())
    fields = (handler.parsed_data_field for handler in handlers)
    bodies = {f.annotation for f in fields if f is not None and isinstance(f.annotation, type)}
    structs = [body for body in bodies if issubclass(body, msgspec.Struct)]
    (_, known) = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    twins = {frozenset(schema.get("properties", {})): schema for schema in known.values()}  # names may differ
    for schema in schemas.values():
        ours = schema.get("properties", {})
        for property_, bounded in twins.get(frozenset(ours), {}).get("properties", {}).items():
            items = bounded.get("items", {})
            if "items" in ours[property_] and "$ref" not in str(items):
                ours[property_]["items"] = items


def _operation_id(handler: HTTPRouteHandler, method: Any, path: Any) -> str:
    words = [str(part) for part in path if isinstance(part, str)]
    named = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(words)).strip("_")
    return f"{str(getattr(method, 'value', method)).lower()}_{named}__{handler.handler_name}"


def _finish_path(item: dict[str, Any], route: HTTPRoute) -> None:
    for method, (handler, _) in route.route_handler_map.items():
        operation = item.get(method.lower())
        if operation is None:
            continue
        audience = handler.opt.get("audience", "")
        operation["security"] = SECURITY.get(audience, [])
        operation["x-audience"] = audience
        parameters = operation.get("parameters", [])
        for parameter in parameters:
            if parameter["in"] == "path":
                parameter["schema"] = PATH_BOUNDS.get(parameter["schema"].get("type"), {}) | parameter["schema"]
        for status in _statuses(operation, audience=audience, parameters=parameters):
            operation["responses"][status] = {"$ref": f"#/components/responses/{PROBLEMS[status][0]}"}
        _finish_contents(operation["responses"], template=route.path_format)
        operation["responses"] = dict(sorted(operation["responses"].items()))


def _finish_contents(responses: dict[str, Any], *, template: str) -> None:
    """A 204 has no content; a path that ends in a format answers in that format."""
    suffix = re.split("[./]", template)[-1]
    responses.get("204", {}).pop("content", None)
    if template.startswith(OPEN311):
        kinds = {"text/xml", "application/json", PROBLEM_JSON, FORMATS.get(suffix, "text/xml")}
        both = {kind: {"schema": {"type": "string"}} for kind in sorted(kinds)}
        for status, response in responses.items():
            responses[status] = {"description": response.get("description", "GeoReport v2 errors."), "content": both}
    elif suffix in FORMATS and "200" in responses:
        responses["200"]["content"] = {FORMATS[suffix]: {"schema": {"type": "string"}}}


def _statuses(operation: dict[str, Any], *, audience: str, parameters: list[dict[str, Any]]) -> list[str]:
    statuses = ["400", "404", "429", "500", "503"]  # 404 also for what a district has switched off
    if audience not in {"ops", "wechat"}:  # public routes too: a token sent along must be valid
        statuses.append("401")
    if "requestBody" in operation or audience not in {"public", "resident"}:
        statuses.append("403")
    if "requestBody" in operation:
        statuses += ["409", "413", "415", "422"]
    if any(parameter["name"].lower() == "idempotency-key" for parameter in parameters):
        statuses += ["409", "422"]
    return statuses


def _finish_components(made: dict[str, Any]) -> None:
    components = made.setdefault("components", {})
    (_, schemas) = msgspec.json.schema_components([Problem, FieldError], ref_template="#/components/schemas/{name}")
    components.setdefault("schemas", {}).update(schemas)
    components["securitySchemes"] = SCHEMES
    components["responses"] = {name: _problem_response(status, text) for status, (name, text) in PROBLEMS.items()}


def _problem_response(status: str, text: str) -> dict[str, Any]:
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    response: dict[str, Any] = {"description": text, "content": content}
    seconds = {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds to wait."}
    if status in {"429", "503"}:
        response["headers"] = {"Retry-After": seconds}
    if status == "401":
        response["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return response


def rendered(app: Litestar) -> str:
    """The document as the committed file holds it."""
    return json.dumps(document(app), ensure_ascii=False, indent=1) + "\n"
