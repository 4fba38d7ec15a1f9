"""What officers can stop: a partner's key, a good on offer, a campaign; and the merchants' days they read."""

from datetime import timedelta

import pytest

from domain.kernel import clock
from domain.kernel import database as db
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.residents import a_resident
from tests.builders.rewards import a_claim, a_good, a_purse, claimed, pots
from tests.rewards.test_provider_events import a_provider, an_event, linked, sent

pytestmark = pytest.mark.anyio


@pytest.fixture
async def officers(api, settings):
    await seed_officers(settings)
    return await signed_in(api, CLERK), await signed_in(api, REVIEWER)


async def test_a_partners_key_is_replaced_and_the_partner_suspended(api, officers):
    clerk, administrator = officers
    old = await a_provider()
    _, subject = await linked(api)
    path = "/v1/operator/reward-partners"
    refused = await api.post(f"{path}/qinghe-metro/secret", headers=clerk)
    new = (await api.post(f"{path}/qinghe-metro/secret", headers=administrator)).json()["secret"].encode()
    answers = [(await sent(api, key, an_event(subject))).status_code for key in (old, new)]
    await api.post(f"{path}/qinghe-metro/standing", headers=administrator, json={"active": False})
    suspended = (await sent(api, new, an_event(subject))).status_code
    [listed] = (await api.get(path, headers=administrator)).json()
    await api.post(f"{path}/qinghe-metro/standing", headers=administrator, json={"active": True})
    unknown = await api.post(f"{path}/nobody/standing", headers=administrator, json={"active": True})

    assert (refused.status_code, answers, suspended, unknown.status_code) == (403, [401, 200], 401, 404)
    assert (await sent(api, new, an_event(subject))).status_code == 200
    assert (listed["active"], listed["links"]) == (False, 1)


async def test_a_good_is_withdrawn_and_orders_made_before_go_on(api, officers):
    clerk, _ = officers
    now, who = clock.utc_now(), await a_resident()
    good = await a_good(now=now, per_person=5)
    await a_purse(owner=who.account, points=60, now=now)

    async def order(key):
        headers = who.headers | {"Idempotency-Key": key}
        return await api.post("/v1/orders", headers=headers, json={"good_id": str(good)})

    made = await order("order-0001")
    gone = [await api.post(f"/v1/operator/goods/{good}/withdrawal", headers=clerk) for _ in range(2)]
    late = await order("order-0002")
    confirmed = await api.post(f"/v1/orders/{made.json()['id']}/confirm", headers=who.headers)
    days = (await api.get(f"/v1/operator/merchant-days/{clock.local_day(now)}", headers=clerk)).json()

    assert [answer.status_code for answer in gone] == [204, 404]
    assert (late.json()["code"], confirmed.status_code) == ("not-on-offer", 200)
    assert (days["green-shop"]["confirmed_points"], days["green-shop"]["rest"], days["green-shop"]["difference"]) == (
        30,
        30,
        0,
    )


async def test_a_campaign_is_ended_and_sponsors_are_listed(api, officers):
    clerk, _ = officers
    now, who = clock.utc_now(), await a_resident()
    made = {"name": "绿源", "credit_code": "91330106MA27X0015J"}
    sponsor = (await api.post("/v1/operator/sponsors", headers=clerk, json=made)).json()["id"]
    await db.execute(
        "select ledger_post(gen_random_uuid(), 'x', 'fund', 11, ledger_account($1, 'sponsor', 1, $2), 50, $2, $2)",
        sponsor,
        now,
    )
    wanted = {
        "behaviour": "metro",
        "points": 5,
        "from_at": (now - timedelta(days=1)).isoformat(),
        "until_at": (now + timedelta(days=1)).isoformat(),
    }
    opened = await api.post(f"/v1/operator/sponsors/{sponsor}/campaigns", headers=clerk, json=wanted)
    await claimed(a_claim(who.account, at=now - timedelta(hours=2)), now=now)
    before, listed = (await pots(who.account))["points"], (await api.get("/v1/sponsors")).json()
    ended = [await api.post(f"/v1/operator/campaigns/{opened.json()['id']}/end", headers=clerk) for _ in range(2)]
    await claimed(a_claim(who.account, at=now - timedelta(hours=4)), now=now)
    effects = (await api.get(f"/v1/sponsors/{sponsor}")).json()

    assert [answer.status_code for answer in ended] == [204, 404]
    assert (before, listed[0]["campaigns"]) == (62, 1)
    assert (effects["budget_left"], effects["milligrams"], effects["unconfirmed"]) == (45, None, False)
