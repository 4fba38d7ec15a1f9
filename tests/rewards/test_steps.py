"""WeRun: decrypted on the server, one growing row per day, machines noticed."""

import base64
import json
from datetime import date, datetime, timedelta

import httpx
import pytest
from redis.asyncio import Redis

from api.wechat import crypto
from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.clock import DISTRICT_ZONE
from domain.kernel.ids import new_id
from rewards import awarding, steps
from rewards.steps import StepsOfDay
from tests.builders.residents import a_resident
from tests.builders.rewards import NOON, pots, state_of

pytestmark = pytest.mark.anyio
TODAY = date(2026, 11, 21)
IV = base64.b64encode(b"0123456789abcdef").decode()


async def synced(account, *days, now=NOON):
    async with db.transaction():
        taken = await steps.take(account, [StepsOfDay(day, n) for day, n in days], now=now)
        for one in taken:
            await awarding.settle(one.claim, now=now)
    return [one.claim for one in taken]


async def test_the_days_increase_is_paid_and_the_same_total_a_hundred_times_is_paid_once(sound):
    me = new_id()
    await synced(me, (TODAY, 3000))
    for _ in range(100):
        await synced(me, (TODAY, 8421))
    await synced(me, (TODAY, 5000))

    assert (await pots(me))["carbon"] == 138_479


async def test_the_cap_of_a_day_is_eighteen_thousand_steps(sound):
    me = new_id()
    await synced(me, (TODAY, 17_000))
    await synced(me, (TODAY, 23_567))
    await synced(me, (TODAY, 60_000))

    assert (await pots(me))["carbon"] == 296_000


def test_days_are_the_districts_and_neither_future_nor_long_past_ones_count():
    def at(day: date) -> int:
        return int(datetime(day.year, day.month, day.day, tzinfo=DISTRICT_ZONE).timestamp())

    told = [
        {"timestamp": at(TODAY), "step": 10},
        {"timestamp": at(TODAY + timedelta(1)), "step": 20},
        {"timestamp": at(TODAY - timedelta(31)), "step": 30},
        {"timestamp": at(TODAY - timedelta(1)), "step": -5},
        {"timestamp": at(TODAY - timedelta(2)), "step": 999_999},
    ]

    assert steps.days_of(told, now=NOON) == [StepsOfDay(TODAY - timedelta(2), 100_000), StepsOfDay(TODAY, 10)]


def a_night(*samples: tuple[float, int]) -> list[tuple[float, int]]:
    midnight = datetime(2026, 11, 21, tzinfo=DISTRICT_ZONE)
    return [((midnight + timedelta(hours=hour)).timestamp(), count) for hour, count in samples]


@pytest.mark.parametrize(
    ("samples", "machine"),
    [
        (a_night((0.1, 100), (1, 8_000), (2, 16_000), (3.5, 28_000)), True),  # a shaking machine
        (a_night((6, 0), (7, 10_000), (8, 20_000), (10, 42_000)), False),  # a marathon by daylight
        (a_night((0.1, 200), (4.5, 900)), False),  # a night walk home
        (a_night((1, 0), (2, 9_000)), False),  # an hour's night run
    ],
)
def test_a_shaker_is_told_from_a_runner(samples, machine):
    assert steps.like_a_machine(samples) is machine


async def test_a_nightly_machine_is_held_for_a_person(database):
    me = new_id()
    night = datetime(2026, 11, 21, 0, 10, tzinfo=DISTRICT_ZONE)
    last = []
    for hours, count in ((0, 100), (1, 8_000), (2, 16_000), (3.5, 28_000)):
        last = await synced(me, (TODAY, count), now=night + timedelta(hours=hours))

    assert await state_of(last[0]) == ("held", "steps-at-night")


async def test_steps_come_encrypted_and_only_the_own_login_opens_them(settings, redis: Redis, wechat_sandbox):
    from api.app import create_app

    chosen = wechat_sandbox.settings(settings)
    app = create_app(chosen)
    async with app.lifespan(), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as api:
        me, other = await a_resident(openid="walker"), await a_resident(openid="other")

        async def sync(openid: str, *, age_s: int = 0, headers=me.headers) -> httpx.Response:
            login = wechat_sandbox.act("login-codes", openid=openid)
            now = int(clock.utc_now().timestamp())
            day = datetime.combine(clock.local_day(clock.utc_now()), datetime.min.time(), DISTRICT_ZONE)
            plain = {
                "stepInfoList": [{"timestamp": int(day.timestamp()), "step": 8421}],
                "watermark": {"timestamp": now - age_s, "appid": chosen.wechat_appid},
            }
            sealed = crypto.seal_data(json.dumps(plain).encode(), session_key=login["session_key"], iv=IV)
            return await api.post(
                "/v1/steps", headers=headers, json={"code": login["code"], "encrypted_data": sealed, "iv": IV}
            )

        refused_without_consent = await sync("walker")
        await api.post(
            "/v1/me/consents", headers=me.headers, json={"purpose": "steps", "given": True, "text_version": "1"}
        )
        good, again = await sync("walker"), await sync("walker")
        foreign, old = await sync("other"), await sync("walker", age_s=3_600)

        assert refused_without_consent.status_code == 403
        assert (good.json(), again.json()) == ({"days": 1}, {"days": 0})
        assert (foreign.status_code, old.status_code) == (422, 422)
        assert other.account != me.account
