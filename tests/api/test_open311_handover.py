"""The second driver: a hand-over to a city that speaks GeoReport v2, once although it knows no idempotency key."""

import json
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import msgspec
import pytest

from api.parts import Parts, open_parts
from domain.kernel import clock, database
from tests.builders.cases import drain
from tests.builders.reports import a_report


class City(HTTPServer):
    """A GeoReport v2 server; `lose_answers` requests are stored but not answered."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.requests: list[dict[str, str]] = []
        self.lose_answers = 0


class Desk(BaseHTTPRequestHandler):
    server: City

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.requests.append({name: values[0] for name, values in form.items()})
        if self.server.lose_answers:
            self.server.lose_answers -= 1
            self.close_connection = True
            return
        self.answer(201, [{"service_request_id": f"C-{len(self.server.requests)}", "service_notice": ""}])

    def do_GET(self) -> None:
        found = [
            {"service_request_id": f"C-{n}", "description": r["description"]}
            for n, r in enumerate(self.server.requests, start=1)
        ]
        self.answer(200, found)

    def answer(self, status: int, rows: list[dict[str, str]]) -> None:
        body = json.dumps(rows).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args) -> None: ...


@pytest.fixture
def city():
    server = City()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
async def parts(settings, redis, city) -> AsyncIterator[Parts]:
    chosen = msgspec.structs.replace(
        settings,
        case_platform_url=f"http://127.0.0.1:{city.server_port}",
        case_platform_driver="open311",
        case_platform_api_key="a-key",
    )
    async with open_parts(chosen) as opened:
        yield opened


async def test_a_case_becomes_a_service_request_without_the_reporter(parts, city) -> None:
    await a_report()
    await drain(parts)
    sent = city.requests[0]

    assert sent["service_code"] == "water.outfall"
    assert (sent["api_key"], sent["lat"]) == ("a-key", "30.4412000")
    assert "R-" not in str(sent)
    assert await database.fetch_value("select platform_case from case_round") == "C-1"


async def test_a_lost_answer_makes_no_second_request(parts, city) -> None:
    city.lose_answers = 1
    await a_report()
    await drain(parts)
    await drain(parts, now=clock.utc_now() + timedelta(minutes=1))

    assert len(city.requests) == 1
    assert await database.fetch_value("select platform_case from case_round") == "C-1"
    assert await database.fetch_value("select outcome from send_job where kind = 'forward'") == "found at the peer"
