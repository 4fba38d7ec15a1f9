"""Hand-overs to the sandbox platform over real HTTP, well and badly behaved."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from api.case_platform import outgoing
from api.parts import Parts, open_parts
from domain.cases import dead_letters, peers, views
from domain.kernel import clock, database
from domain.kernel.leases import LEASE_S
from tests.builders.cases import a_case, an_event, drain, post_update, sandbox_platform
from tests.builders.operators import CLERK, seed_officers, signed_in
from tests.builders.reports import a_report


@pytest.fixture
def platform():
    with sandbox_platform() as running:
        yield running


@pytest.fixture
async def parts(settings, redis, platform) -> AsyncIterator[Parts]:
    async with open_parts(msgspec.structs.replace(settings, case_platform_url=platform.url)) as opened:
        yield opened


async def only_job() -> dict:
    row = await database.fetch_row("select * from send_job where kind = 'forward'")
    assert row is not None
    return dict(row)


async def test_a_report_reaches_the_platform_signed_and_without_the_reporter(parts, platform) -> None:
    report_id = await a_report()
    await drain(parts)
    received = await platform.call("messages")

    assert [m["type"] for m in received] == ["green-whistle.case.opened.v1"]
    handed = received[0]["data"]["reports"][0]
    assert handed["reporter"].startswith("R-")
    assert handed["text"] == "排口有黑水流出，有异味"
    sealed = await database.fetch_row("select sealed, owner_tag from sealed_reporter where report = $1", report_id)
    assert sealed is not None
    assert sealed["owner_tag"].hex() not in str(received)
    assert str(report_id) not in str(received)
    view = await views.of_report(report_id, now=clock.utc_now())
    assert view.rounds[0].accepted_at is not None
    assert (await only_job())["state"] == "done"


@pytest.mark.parametrize("mode", ["500", "429", "reset"])
async def test_a_platform_that_fails_gets_it_again_and_takes_it_once(parts, platform, mode: str) -> None:
    await platform.call("behaviour", mode=mode, times=2)
    await a_report()
    await drain(parts)
    job = await only_job()
    assert (job["state"], job["attempts"]) == ("pending", 1)
    await drain(parts, now=clock.utc_now() + timedelta(minutes=1))
    await drain(parts, now=clock.utc_now() + timedelta(minutes=2))

    assert (await only_job())["state"] == "done"
    assert len((await platform.call("state"))["cases"]) == 1
    ids = {m["id"] for m in await platform.call("messages")}
    assert ids == {str(job["id"])}


async def test_retry_after_is_obeyed(parts, platform) -> None:
    await platform.call("behaviour", mode="429", times=1)
    await a_report()
    before = clock.utc_now()
    await drain(parts, now=before)

    assert (await only_job())["due_at"] >= before + timedelta(seconds=1)


async def test_410_switches_the_peer_off_until_an_operator_switches_it_on(parts, platform) -> None:
    await platform.call("behaviour", mode="gone", times=1)
    await a_report()
    await drain(parts)
    assert (await only_job())["state"] == "dead"
    assert await peers.disabled(peers.PLATFORM) is not None
    await a_report()
    await drain(parts)
    assert await database.fetch_value("select count(*) from send_job where kind = 'forward' and state = 'dead'") == 2

    now = clock.utc_now()
    async with database.transaction():
        await peers.enable(peers.PLATFORM, by="operator:1", now=now)
        since, until = now - timedelta(hours=1), now + timedelta(hours=1)
        assert await dead_letters.replay_range(since=since, until=until, by="operator:1", reason="x", now=now) == 2
    await drain(parts)
    assert len((await platform.call("state"))["cases"]) == 2
    assert await database.fetch_value("select count(*) from outbox_event where name = 'HandoverDied'") == 2


async def test_the_breaker_stops_calls_and_uses_up_no_attempts(parts, platform) -> None:
    await platform.call("behaviour", mode="500")
    for _ in range(7):
        await a_report()
    await drain(parts)
    await drain(parts, now=clock.utc_now() + timedelta(seconds=20))
    counted = await database.fetch_value("select sum(attempts) from send_job where kind = 'forward'")

    assert 5 <= counted <= 10
    assert await database.fetch_value("select count(*) from send_job where outcome = 'breaker open'") > 0


async def test_messages_of_one_case_go_one_after_another(parts, platform) -> None:
    await platform.call("behaviour", mode="500", times=1)
    case_id = await a_case(accepted=False)
    from domain.cases.forwarding import queue_message

    async with database.transaction():
        await queue_message("joined", case_id=case_id, round_=1, now=clock.utc_now())
    await drain(parts)
    assert await platform.call("messages") == []
    await drain(parts, now=clock.utc_now() + timedelta(minutes=1))

    assert [m["type"].split(".")[2] for m in await platform.call("messages")] == ["opened", "joined"]


def test_the_schedule_covers_75_hours_and_a_lease_outlives_a_call() -> None:
    assert sum(outgoing.WAITS_S) / 3600 >= 75
    assert LEASE_S > 15


async def test_a_2xx_without_a_readable_answer_is_no_acceptance(parts, settings) -> None:
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Welcome(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>welcome to the proxy</html>")

        def log_message(self, *args) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Welcome)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    misled = msgspec.structs.replace(
        parts,
        settings=msgspec.structs.replace(parts.settings, case_platform_url=f"http://127.0.0.1:{server.server_port}"),
    )
    await a_report()
    await drain(misled)
    server.shutdown()

    assert (await only_job())["state"] == "pending"
    assert await database.fetch_value("select accepted_at from case_round") is None


async def test_the_whole_story_over_http(api, settings, redis, platform) -> None:
    """Submit, forward, six updates, close, rate as the resident, new round: everything through HTTP but the worker."""
    from tests.builders.reports import a_key, send
    from tests.builders.residents import a_resident

    resident = await a_resident()
    report_id = (await send(api, resident)).json()["id"]
    async with open_parts_again(settings, platform) as parts:
        await drain(parts)
        case_id = (await platform.call("state"))["cases"][0]["case_id"]
        way = ("signed", "dispatched", "inspected", "rectifying", "post_inspected", "closed")
        for n, stage in enumerate(way, start=1):
            assert (await post_update(api, an_event(case_id, n, stage))).status_code == 200
        seen = (await api.get(f"/v1/reports/{report_id}", headers=resident.headers)).json()
        assert seen["status"] == "closed"
        case = (await api.get(f"/v1/reports/{report_id}/case", headers=resident.headers)).json()
        assert (case["closed"], case["outcome"], case["provisional"]) == (True, "solved", False)
        rating = {"solved": False, "satisfied": False, "how": 2, "text": "味道还在"}
        headers = resident.headers | {"Idempotency-Key": a_key()}
        url = f"/v1/reports/{report_id}/result-rating"
        first = await api.post(url, json=rating, headers=headers)
        again = await api.post(url, json=rating, headers=headers)
        assert (first.status_code, first.json()["opened_round"]) == (200, 2)
        assert again.content == first.content
        stranger = await a_resident()
        foreign = await api.post(url, json=rating, headers=stranger.headers | {"Idempotency-Key": a_key()})
        assert foreign.status_code == 404
        await drain(parts)
        rounds = [c["round"] for c in (await platform.call("state"))["cases"]]
        assert rounds == [1, 2]
        seen = (await api.get(f"/v1/reports/{report_id}", headers=resident.headers)).json()
        assert seen["status"] == "accepted"


def open_parts_again(settings, platform):
    """Parts for the worker on the pool that the API has open."""
    from contextlib import asynccontextmanager

    import httpx
    from redis.asyncio import Redis

    @asynccontextmanager
    async def opened():
        async with httpx.AsyncClient(trust_env=False) as http:
            client = Redis.from_url(settings.redis_url)
            chosen = msgspec.structs.replace(settings, case_platform_url=platform.url)
            yield Parts(settings=chosen, redis=client, http=http, store=None, darkroom=None)
            await client.aclose()

    return opened()


async def test_a_message_the_platform_refused_is_edited_with_a_reason_and_replayed(
    parts, platform, api, settings
) -> None:
    await platform.call("behaviour", mode="gone", times=1)
    report_id = await a_report(text="排口有黑水")
    await drain(parts)
    job = str((await only_job())["id"])
    await seed_officers(settings)
    clerk = await signed_in(api, CLERK)
    now = clock.utc_now()
    period = {"since": (now - timedelta(hours=1)).isoformat(), "until": (now + timedelta(hours=1)).isoformat()}
    path = f"/v1/operator/handovers/{job}/edit"
    body = {"edits": {"text": "河边排口有黑水", "unit": "水科", "photos": False}, "reason": "平台不识别原单位"}

    assert (await api.post(path, json=body | {"edits": {"reporter": "x"}}, headers=clerk)).status_code == 400
    assert (await api.post(path, json=body, headers=clerk)).status_code == 204
    (letter,) = (await api.get("/v1/operator/handovers/dead", params=period, headers=clerk)).json()
    assert (letter["job_id"], letter["edits"]["unit"]) == (job, "水科")
    async with database.transaction():
        await peers.enable(peers.PLATFORM, by="operator:1", now=now)
    again = await api.post("/v1/operator/handovers/replay", json=period | {"reason": "已修正"}, headers=clerk)
    await drain(parts)

    assert again.json() == {"replayed": 1}
    handed = (await platform.call("messages"))[-1]["data"]
    assert (handed["unit"], handed["reports"][0]["text"]) == ("水科", "河边排口有黑水")
    assert await database.fetch_value("select text from report where id = $1", report_id) == "排口有黑水"
    assert (await only_job())["state"] == "done"
    assert (await api.post(path, json=body, headers=clerk)).status_code == 409
    said = await database.fetch_row("select detail from audit_entry where action = 'handover.edit'")
    assert said is not None
    assert msgspec.json.decode(said["detail"]) == {"fields": ["photos", "text", "unit"], "reason": "平台不识别原单位"}
