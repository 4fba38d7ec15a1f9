"""Partners' webhooks: what leaves, signed how, retried when, and never into our own network."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from standardwebhooks import Webhook

from api import webhook_sender
from api.sandbox.wire import Reply, Request, asgi
from domain.cases.events import CaseClosed
from domain.kernel import clock, handling, outbox
from domain.kernel import database as kernel_database
from domain.kernel.ids import new_id
from domain.kernel.leases import Sender
from domain.kernel.settings import Settings
from notifications import webhooks
from tests.builders.notifications import send_due
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.wechat import serving


class Partner:
    """A partner's server: keeps what came, answers what it is told."""

    def __init__(self) -> None:
        self.got: list[Request] = []
        self.answers: list[int] = []

    async def __call__(self, request: Request) -> Reply:
        self.got.append(request)
        return Reply({}, status=self.answers.pop(0) if self.answers else 204)


@pytest.fixture
def partner() -> Partner:
    return Partner()


@pytest.fixture
def url(partner: Partner) -> Iterator[str]:
    with serving(asgi(partner)) as address:
        yield f"{address}/hooks"


def senders(url: str) -> dict[str, Sender]:
    address = httpx.URL(url)
    return {webhooks.KIND: webhook_sender.sender(webhook_sender.trusted(f"{address.host}:{address.port}"))}


def an_event() -> CaseClosed:
    return CaseClosed(case_id=new_id(), round=1, outcome="solved", substantiated=True, provisional=False)


async def subscribed(url: str, *events: str) -> tuple[UUID, str]:
    async with kernel_database.transaction():
        return await webhooks.subscribe(
            name="邻区", url=url, events=list(events or ("case.closed",)), now=clock.utc_now()
        )


async def happened(event: CaseClosed) -> int:
    now = clock.utc_now()
    async with kernel_database.transaction():
        event_id = await outbox.record(event, at=now)
    await handling.handle([event_id], subscribers={CaseClosed: (webhooks.publish,)}, now=now)
    return event_id


async def states(endpoint: UUID) -> list[tuple[str, int, str | None]]:
    return [(message.state, message.calls, message.answer) for message in await webhooks.log(endpoint)]


async def test_an_event_arrives_as_a_signed_cloud_event(database: None, partner: Partner, url: str) -> None:
    endpoint, secret = await subscribed(url)
    event = an_event()
    event_id = await happened(event)

    assert await send_due(senders(url)) == ["Done"]

    (request,) = partner.got
    body = Webhook(secret).verify(request.body, request.headers)
    assert body["specversion"] == "1.0"
    assert body["type"] == "org.green-whistle.case.closed"
    assert body["id"] == str(event_id)
    assert body["data"]["case_id"] == str(event.case_id)
    assert request.headers["content-type"].startswith("application/cloudevents+json")
    assert await states(endpoint) == [("delivered", 1, "HTTP 204")]


async def test_who_did_not_subscribe_hears_nothing(database: None, partner: Partner, url: str) -> None:
    await subscribed(url, "report.submitted")
    await happened(an_event())

    assert await send_due(senders(url)) == []


async def test_a_failure_is_retried_with_the_same_id_and_words(database: None, partner: Partner, url: str) -> None:
    endpoint, _ = await subscribed(url)
    partner.answers = [500, 302]
    await happened(an_event())

    outcomes = []
    for minutes in (0, 1, 20):
        outcomes += await send_due(senders(url), now=clock.utc_now() + timedelta(minutes=minutes))

    assert outcomes == ["Retry", "Retry", "Done"]
    assert len({request.headers["webhook-id"] for request in partner.got}) == 1
    assert len({request.body for request in partner.got}) == 1
    assert await states(endpoint) == [("delivered", 3, "HTTP 204")]


async def test_while_a_secret_is_changed_both_sign(database: None, partner: Partner, url: str) -> None:
    endpoint, old = await subscribed(url)
    async with kernel_database.transaction():
        new = await webhooks.rotate(endpoint, now=clock.utc_now())
    await happened(an_event())
    await send_due(senders(url))

    (request,) = partner.got
    for secret in (old, new):
        Webhook(secret).verify(request.body, request.headers)


async def test_gone_ends_the_subscription(database: None, partner: Partner, url: str) -> None:
    await subscribed(url)
    partner.answers = [410]
    await happened(an_event())

    assert await send_due(senders(url)) == ["Dead"]

    (endpoint,) = await webhooks.endpoints()
    assert endpoint.end_reason == "answered 410"
    await happened(an_event())
    assert await send_due(senders(url)) == []


@pytest.mark.parametrize(
    "private",
    [
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://10.0.0.5/x",
        "https://169.254.169.254/latest",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://100.64.0.1/x",
        "https://0.0.0.0/x",
    ],
)
async def test_v13_2_4_a_name_that_leads_inside_is_never_called(database: None, private: str) -> None:
    endpoint, _ = await subscribed(private)
    await happened(an_event())

    assert await send_due({webhooks.KIND: webhook_sender.sender(frozenset())}) == ["Retry"]
    assert await states(endpoint) == [("waiting", 1, "AddressRefused")]


def test_the_schedule_lasts_75_hours() -> None:
    assert 75 * 3600 <= sum(webhook_sender.WAITS_S) < 77 * 3600


def test_no_exported_field_names_a_person() -> None:
    fields = {field for _, names in webhooks.EXPORTED.values() for field in names}

    assert not {field for field in fields if "account" in field or "openid" in field or "phone" in field}


async def test_administrators_manage_subscriptions(api: httpx.AsyncClient, settings: Settings) -> None:
    await seed_officers(settings)
    officers = [await signed_in(api, officer) for officer in (CLERK, REVIEWER)]
    body = {"name": "邻区", "url": "https://partner.example/hooks", "events": ["case.closed"]}
    answers = [await api.post("/v1/operator/webhooks", json=body, headers=headers) for headers in officers]
    allowed = [(a, h) for a, h in zip(answers, officers, strict=True) if a.status_code == 201]
    assert {a.status_code for a in answers} <= {201, 403}
    if not allowed:
        pytest.skip("no demonstration officer is an administrator")
    (made, admin), *_ = allowed
    endpoint = made.json()["id"]

    assert made.json()["secret"].startswith("whsec_")
    listed = await api.get("/v1/operator/webhooks", headers=admin)
    assert "whsec_" not in listed.text
    rotated = await api.post(f"/v1/operator/webhooks/{endpoint}/secret", headers=admin)
    assert rotated.json()["secret"] != made.json()["secret"]
    assert (await api.get(f"/v1/operator/webhooks/{endpoint}/messages", headers=admin)).json() == []
    assert (await api.delete(f"/v1/operator/webhooks/{endpoint}", headers=admin)).status_code == 204
    assert (await api.delete(f"/v1/operator/webhooks/{endpoint}", headers=admin)).status_code == 404
    for wrong in ("http://partner.example/x", "https://a:b@partner.example/", "ftp://x.example/", "https://"):
        refused = await api.post("/v1/operator/webhooks", json=body | {"url": wrong}, headers=admin)
        assert refused.status_code == 400, wrong
