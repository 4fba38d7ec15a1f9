"""One request id from the API through event, handler and job to the other machine's request."""

import httpx
import pytest

from api.parts import Parts, open_parts
from api.worker import send_batch
from domain.kernel import clock, database, handling, leases, outbox, trace
from domain.kernel.events import Event
from domain.kernel.leases import Done, Job, Sender
from domain.kernel.settings import Settings
from tests.builders.operators import CLERK, seed_officers, sign_in_body


class Rang(Event, frozen=True, kw_only=True):
    """Somebody rang."""


@pytest.fixture
async def parts(settings: Settings, redis: object) -> Parts:
    async with open_parts(settings) as opened:
        yield opened


async def pass_on(event: Rang, /, *, event_id: int, at: object) -> None:
    await leases.queue(kind="ring", subject="bell:1", payload={}, now=clock.utc_now())


async def test_what_a_request_sets_in_motion_carries_its_id_to_the_end(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[httpx.Request] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer), event_hooks=parts.http.event_hooks)

    async def ring(job: Job) -> Done:
        await client.post("http://other.example/")
        return Done()

    with trace.of("request-0123456789"):
        async with database.transaction():
            event_id = await outbox.record(Rang(), at=clock.utc_now())
    await handling.handle([event_id], subscribers={Rang: (pass_on,)}, now=clock.utc_now())
    jobs = [row["id"] for row in await database.fetch("select id from send_job")]
    monkeypatch.setattr("api.worker.senders", lambda _: {"ring": Sender(send=ring, waits_s=())})
    monkeypatch.setattr("api.worker.relay_soon", _nothing)
    await send_batch(jobs, parts=parts)

    assert [request.headers["x-request-id"] for request in sent] == ["request-0123456789"]
    assert trace.origin() is None


async def _nothing() -> None:
    """No broker here."""


async def test_chores_have_no_request_to_name(database: None) -> None:
    from domain.kernel import database as kernel

    async with kernel.transaction():
        event_id = await outbox.record(Rang(), at=clock.utc_now())

    assert await kernel.fetch_value("select origin from outbox_event where id = $1", event_id) is None


async def test_the_log_line_of_a_request_names_route_and_id_but_nobody(
    api: httpx.AsyncClient, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await seed_officers(settings)
    capsys.readouterr()
    body = sign_in_body(CLERK)
    await api.post("/v1/operator/login?phone=13800138000", json=body, headers={"X-Request-Id": "seen-by-gateway-1"})

    line = next(text for text in capsys.readouterr().err.splitlines() if "seen-by-gateway-1" in text)

    assert '"route":"/v1/operator/login"' in line
    assert '"status":200' in line
    assert all(secret not in line for secret in ("13800138000", body["password"], body["code"], "chen"))
