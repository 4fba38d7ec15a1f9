"""V8.2.2: with every route that names a report, another resident's report looks exactly like one that does not exist."""

from uuid import uuid4

import pytest
from litestar.routes import HTTPRoute

from api.app import create_app
from domain.kernel.settings import Settings
from tests.builders.reports import a_key, a_report
from tests.builders.residents import a_resident

ROUTES = sorted(
    (method, route.path)
    for route in create_app(Settings()).routes
    if isinstance(route, HTTPRoute) and "{report_id" in route.path and "/public/" not in route.path
    for method, (handler, _) in route.route_handler_map.items()
    if handler.opt.get("audience") == "resident"
)
BODIES = {
    "result-rating": {"solved": True, "satisfied": True},
    "answer": {"text": "在东侧"},
    "withdraw": None,
}


def a_body(path: str) -> dict[str, object] | None:
    return BODIES.get(path.rsplit("/", 1)[-1])


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=[f"{method} {path}" for method, path in ROUTES])
async def test_v8_2_2_another_residents_report_is_unknown(api, method, path):
    foreign, resident = await a_report(), await a_resident()

    async def ask(report):
        address = path.replace("{report_id:uuid}", str(report))
        address = address.replace("{question_id:uuid}", "01a200a9-9c8b-76e4-906a-121cee5a2182")
        headers = {"Idempotency-Key": a_key()} | resident.headers
        return await api.request(method, address, json=a_body(path), headers=headers)

    def shape(answer):
        return {k: v for k, v in answer.json().items() if k not in {"instance", "request_id"}}

    theirs, nobodys = await ask(foreign), await ask(uuid4())

    assert theirs.status_code == nobodys.status_code == 404
    assert shape(theirs) == shape(nobodys)


def test_there_are_such_routes():
    assert len(ROUTES) >= 4
