"""Rate limits: exact under concurrency, told in headers, closed for secrets and open for reads when Redis is down."""

import asyncio

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from api import limits
from api.addresses import client_address, subscriber, within
from api.app import create_app
from api.limits import Rate, take
from api.problems import TooManyRequests
from domain.kernel.errors import NotFound, TryLater
from domain.kernel.settings import Settings


async def test_a_burst_passes_and_the_next_waits_for_its_interval(redis: Redis) -> None:
    rate = Rate(60, 60, 5)
    verdicts = [await take(redis, {"k": rate}) for _ in range(7)]

    assert [v.allowed for v in verdicts] == [True] * 5 + [False] * 2
    assert [v.left for v in verdicts[:5]] == [4, 3, 2, 1, 0]
    assert 900 < verdicts[5].retry_ms <= 1_000


async def test_a_hundred_at_once_get_exactly_the_burst(redis: Redis) -> None:
    rate = Rate(1, 3600, 10)
    verdicts = await asyncio.gather(*(take(redis, {"k": rate}) for _ in range(100)))

    assert sum(v.allowed for v in verdicts) == 10


async def test_one_full_key_refuses_and_nothing_is_spent_on_the_other(redis: Redis) -> None:
    small, large = Rate(1, 3600, 1), Rate(1, 3600, 3)
    await take(redis, {"small": small, "large": large})
    assert not (await take(redis, {"small": small, "large": large})).allowed

    assert (await take(redis, {"large": large})).left == 1


async def test_a_given_back_permit_can_be_used_again(redis: Redis) -> None:
    rate = Rate(1, 3600, 1)
    await take(redis, {"k": rate})
    await take(redis, {"k": rate}, cost=-1)

    assert (await take(redis, {"k": rate})).allowed
    assert not (await take(redis, {"k": rate})).allowed


async def test_keys_expire_by_themselves(redis: Redis) -> None:
    await take(redis, {"k": Rate(60, 60, 5)})

    assert 0 < await redis.pttl("k") <= 1_000


async def test_answers_tell_what_is_left(api: httpx.AsyncClient) -> None:
    response = await api.post("/v1/operator/login", json={})

    assert response.headers["ratelimit-limit"] == "100"
    assert response.headers["ratelimit-remaining"] == "99"
    assert int(response.headers["ratelimit-reset"]) >= 1


async def test_a_used_up_class_is_429_with_retry_after(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    tight = msgspec.structs.replace(limits.LIMITS["login"], address=Rate(1, 60, 2))
    monkeypatch.setitem(limits.LIMITS, "login", tight)
    answers = [await api.post("/v1/operator/login", json={}) for _ in range(3)]

    assert [a.status_code for a in answers] == [400, 400, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60
    assert int(answers[2].headers["retry-after"]) == answers[2].json()["retry_after_s"]


async def test_without_redis_sign_in_is_closed_and_reads_are_open(settings: Settings, database_url: str) -> None:
    alone = msgspec.structs.replace(settings, redis_url="redis://127.0.0.1:1/0")
    app = create_app(alone)
    async with app.lifespan(), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as api:
        closed = await api.post("/v1/operator/login", json={"login": "xx", "password": "x", "code": "000000"})
        reading = await api.get("/problems")

    assert (closed.status_code, closed.json()["code"]) == (503, "try-later")
    assert closed.headers["retry-after"]
    assert reading.status_code == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("9.9.9.9", "1.1.1.1", "9.9.9.9"),
        ("10.0.0.2", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.2", "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        ("10.0.0.2", "6.6.6.6, 1.1.1.1, 10.0.0.3", "1.1.1.1"),
        ("10.0.0.2", "not an address", "10.0.0.2"),
        ("10.0.0.2", "", "10.0.0.2"),
    ],
)
def test_forwarded_addresses_count_only_from_trusted_proxies(peer: str, forwarded: str, expected: str) -> None:
    scope = {"client": (peer, 1), "headers": [(b"x-forwarded-for", forwarded.encode())]}

    assert expected == client_address(scope, trusted="10.0.0.0/8")
    assert peer == client_address(scope, trusted="")


def test_an_ipv6_subscriber_is_a_64_and_mapped_addresses_are_ipv4() -> None:
    assert subscriber("2001:db8::1") == subscriber("2001:db8::ffff")
    assert subscriber("2001:db8::1") != subscriber("2001:db8:0:1::1")
    assert subscriber("::ffff:1.2.3.4") == "1.2.3.4"
    assert within("::ffff:127.0.0.1", "127.0.0.0/8")


async def test_metrics_are_only_for_operations(api: httpx.AsyncClient, settings: Settings) -> None:
    await api.get("/problems")
    text = (await api.get("/metrics")).text

    assert 'green_whistle_requests_total{method="GET",route="/problems",status="200"}' in text
    assert "green_whistle_outbox_oldest_seconds" in text


async def test_only_wrong_guesses_count_not_our_own_failures(redis: Redis, settings: Settings) -> None:
    for _ in range(8):
        with pytest.raises(TryLater):
            async with limits.wrong_attempts(redis, purpose="p", subjects=["s"]):
                raise TryLater
        async with limits.wrong_attempts(redis, purpose="p", subjects=["s"]):
            pass
    for _ in range(5):
        with pytest.raises(NotFound):
            async with limits.wrong_attempts(redis, purpose="p", subjects=["s"]):
                raise NotFound
    with pytest.raises(TooManyRequests):
        async with limits.wrong_attempts(redis, purpose="p", subjects=["s"]):
            pass
