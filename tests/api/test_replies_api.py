"""The penalised party answers beside its entry: as a delegate or through the link that came with the decision."""

import httpx
import pytest

from domain.disclosure import publication
from domain.disclosure.catalogue import DATASETS
from domain.kernel import clock
from domain.kernel import database as db
from tests.builders.disclosure import AUTHOR, a_penalty
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.residents import a_resident

KEY = "青环罚〔2026〕13号"
ENTRY = f"/v1/disclosure/penalties/{KEY}"
DESK = "/v1/operator/disclosure"
CODE = "91330106MA27X0015J"


@pytest.fixture
async def officers(api, settings) -> tuple[dict, dict]:
    await seed_officers(settings)
    today = clock.local_day(clock.utc_now())
    async with db.transaction():
        rows = [a_penalty(decided_on=str(today))]
        await publication.publish(DATASETS["penalties"], rows, author=AUTHOR, now=clock.utc_now())
    return await signed_in(api, CLERK), await signed_in(api, REVIEWER)


async def a_delegate(api: httpx.AsyncClient, clerk: dict) -> dict:
    who = (await a_resident()).headers
    await api.post(
        "/v1/operator/enterprises", json={"credit_code": CODE, "name": "青河示例电镀有限公司"}, headers=clerk
    )
    body, key = {"proof": "letter", "note": "授权书1号"}, {"Idempotency-Key": "delegate-key-1"}
    asked = await api.post(f"/v1/enterprises/{CODE}/delegates", json=body, headers=who | key)
    decide = f"/v1/operator/enterprises/delegates/{asked.json()['id']}/decide"
    await api.post(decide, json={"accept": True}, headers=clerk)
    return who


async def decide(api: httpx.AsyncClient, reviewer: dict, *, show: bool) -> None:
    (waiting,) = (await api.get(f"{DESK}/replies", headers=reviewer)).json()
    body = {"show": show, "decision": "审核意见"}
    answer = await api.post(f"{DESK}/replies/{waiting['id']}/decide", json=body, headers=reviewer)
    assert answer.status_code == 204


async def test_a_delegates_reply_stands_beside_the_entry_once_an_officer_has_looked(api, officers) -> None:
    clerk, reviewer = officers
    who = await a_delegate(api, clerk)
    key = {"Idempotency-Key": "reply-key-0001"}
    body = {"text": "已于当日完成整改，联系王经理13812345678。"}

    given = await api.post(f"{ENTRY}/replies", json=body, headers=who | key)
    again = await api.post(f"{ENTRY}/replies", json=body, headers=who | key)
    before = await api.get(ENTRY)
    await decide(api, reviewer, show=True)
    after = await api.get(ENTRY, headers={"If-None-Match": before.headers["etag"]})

    assert (given.status_code, again.json(), before.json()["replies"]) == (201, given.json(), [])
    assert (after.status_code, [r["text"] for r in after.json()["replies"]]) == (
        200, ["已于当日完成整改，联系王经理［电话已隐去］。"],
    )  # fmt: skip


async def test_nobody_else_can_reply_and_a_declined_reply_is_never_shown(api, officers) -> None:
    clerk, reviewer = officers
    who, stranger = await a_delegate(api, clerk), (await a_resident()).headers
    key, body = {"Idempotency-Key": "reply-key-0001"}, {"text": "不属实"}

    foreign = await api.post(f"{ENTRY}/replies", json=body, headers=stranger | key)
    other = await api.post("/v1/disclosure/rivers/QH-R-001/replies", json=body, headers=who | key)
    missing = await api.post("/v1/disclosure/penalties/x/replies", json=body, headers=who | key)
    nobody = await api.post(f"{ENTRY}/replies", json=body, headers=key)
    await api.post(f"{ENTRY}/replies", json=body, headers=who | {"Idempotency-Key": "reply-key-0002"})
    await decide(api, reviewer, show=False)

    assert [a.status_code for a in (foreign, other, missing, nobody)] == [404, 404, 404, 401]
    assert (await api.get(ENTRY)).json()["replies"] == []


async def test_who_holds_the_link_of_the_decision_may_reply_to_this_entry_only(api, officers) -> None:
    clerk, reviewer = officers
    made = (await api.post(f"{DESK}/penalties/entries/{KEY}/reply-link", headers=clerk)).json()
    address = made["link"].split("8000", 1)[-1]

    shown = await api.get(address)
    given = await api.post(address, json={"text": "本人已缴纳罚款"})
    await decide(api, reviewer, show=True)

    assert (shown.json()["decision_number"], given.status_code) == (KEY, 201)
    assert [r["text"] for r in (await api.get(ENTRY)).json()["replies"]] == ["本人已缴纳罚款"]
    for forged in (address[:-1] + ("0" if address[-1] != "0" else "1"), address.replace("until=20", "until=30")):
        assert (await api.get(forged)).status_code == 404
        assert (await api.post(forged, json={"text": "冒名"})).status_code == 404
    assert (await api.post(f"{DESK}/penalties/entries/x/reply-link", headers=clerk)).status_code == 404
