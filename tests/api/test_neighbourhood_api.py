"""Taking back, following, "same here?", area alerts, and who may look at a sealed reporter."""

from uuid import UUID

import pytest

from domain.cases.progress import apply
from domain.kernel import clock, database
from domain.kernel.errors import NotFound, Text
from domain.kernel.ids import new_id
from domain.reports import follows, publication, reveals, similar, timeline
from domain.residents import phones
from tests.builders.cases import a_case_of, an_update
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.reports import INSIDE, a_report, send
from tests.builders.residents import a_resident


async def shown(**changes) -> UUID:
    report = await a_report(**changes)
    async with database.transaction():
        await publication.publish(report, now=clock.utc_now())
    return report


async def told(report, kind, status=None):
    async with database.transaction():
        await timeline.append([report], kind=kind, status=status, note=Text(kind, kind), at=clock.utc_now())


async def test_a_report_can_be_taken_back_until_somebody_is_dispatched(api):
    resident = await a_resident()
    first, second = await shown(sender=resident.account), await shown(sender=resident.account)
    case_id = await a_case_of(second)
    async with database.transaction():
        await apply([an_update(case_id, n, s) for n, s in enumerate(("signed", "dispatched"), 1)], now=clock.utc_now())

    taken = await api.post(f"/v1/reports/{first}/withdraw", headers=resident.headers)
    late = await api.post(f"/v1/reports/{second}/withdraw", headers=resident.headers)
    again = await api.post(f"/v1/reports/{first}/withdraw", headers=resident.headers)

    assert (taken.status_code, late.status_code, again.status_code) == (204, 409, 409)
    assert (await api.get(f"/v1/public/reports/{first}")).status_code == 404
    assert (await api.get(f"/v1/reports/{first}", headers=resident.headers)).json()["status"] == "withdrawn"
    assert await database.fetch_value("select count(*) from outbox_event where name = 'ReportWithdrawn'") == 1


async def test_v8_2_2_nobody_else_can_take_a_report_back(api):
    report, other = await a_report(), await a_resident()

    assert (await api.post(f"/v1/reports/{report}/withdraw", headers=other.headers)).status_code == 404
    assert (await api.get(f"/v1/reports/{report}/looks", headers=other.headers)).status_code == 404


async def test_an_anonymous_report_is_taken_back_with_its_code(api):
    receipt = (await send(api, None, identity="anonymous")).json()
    body = {"number": receipt["number"], "code": receipt["receipt_code"]}

    assert (await api.post("/v1/receipts/withdraw", json=body | {"code": "A" * 20})).status_code == 404
    assert (await api.post("/v1/receipts/withdraw", json=body)).status_code == 204
    assert (await api.post("/v1/receipts/open", json=body)).json()["status"] == "withdrawn"


async def test_following_counts_once_and_can_be_ended(api):
    report, resident, other = await shown(), await a_resident(), await a_resident()
    path = f"/v1/public/reports/{report}/follow"

    counts = [(await api.put(path, headers=who.headers)).json()["supporters"] for who in (resident, resident, other)]
    mine = (await api.get("/v1/me/follows", headers=resident.headers)).json()
    fewer = (await api.delete(path, headers=resident.headers)).json()["supporters"]

    assert (counts, fewer) == ([1, 1, 2], 1)
    assert [item["id"] for item in mine] == [str(report)]
    assert await follows.followers_of([report]) == {report: [other.account]}
    assert (await api.put(f"/v1/public/reports/{await a_report()}/follow", headers=other.headers)).status_code == 404


async def test_same_here_finds_open_reports_nearby_of_the_main_category(api):
    near = await shown(category="water.black")
    await shown(category="noise.social")
    closed = await shown(category="water.black")
    await told(closed, "closed", "closed")

    body = {"category": "water.outfall", "place": INSIDE | {"lat": INSIDE["lat"] + 0.0005}}
    found = (await api.post("/v1/public/reports/same-here", json=body)).json()
    far = (await api.post("/v1/public/reports/same-here", json=body | {"place": INSIDE | {"lat": 30.45}})).json()

    assert [(entry["report"]["id"], entry["distance_m"]) for entry in found] == [(str(near), 56)]
    assert far == []


async def test_candidates_for_joining_are_ranked_by_place_time_and_words(api):
    report = await a_report(text="东侧排口有黑水流出")
    alike = await a_report(text="东侧排口有黑水流出来了")
    other = await a_report(text="河面漂着塑料袋", category="water.rubbish")

    found = await similar.after_sending(report)

    assert [candidate.report_id for candidate in found] == [alike, other]
    assert found[0].score > 0.8 > found[1].score


async def test_an_alert_hears_of_public_reports_in_its_circle_and_category(api):
    resident, elsewhere = await a_resident(), await a_resident()
    ask = {"place": INSIDE, "radius_m": 500, "categories": ["water"]}
    mine = (await api.post("/v1/me/area-alerts", json=ask, headers=resident.headers)).json()
    far = ask | {"place": INSIDE | {"lng": 120.05}}
    await api.post("/v1/me/area-alerts", json=far, headers=elsewhere.headers)

    near, noise = await shown(), await shown(category="noise.social")
    assert await follows.accounts_near([near, noise]) == {near: [resident.account]}
    assert (mine["lng"], mine["lat"]) == (120.026, 30.441)
    foreign = await api.delete(f"/v1/me/area-alerts/{mine['id']}", headers=elsewhere.headers)
    assert foreign.status_code == 404
    assert (await api.delete(f"/v1/me/area-alerts/{mine['id']}", headers=resident.headers)).status_code == 204
    assert (await api.get("/v1/me/area-alerts", headers=resident.headers)).json() == []


async def test_an_eleventh_alert_is_refused(api):
    resident = await a_resident()

    answers = [
        await api.post("/v1/me/area-alerts", json={"place": INSIDE}, headers=resident.headers) for _ in range(11)
    ]

    assert [a.status_code for a in answers] == [201] * 10 + [409]


async def test_a_sealed_reporter_opens_for_two_officers_once_and_is_told(api, settings):
    resident = await a_resident()
    async with database.transaction():
        await phones.bind(resident.account, phone=phones.read("13800138000"), proof="sms", now=clock.utc_now())
    await seed_officers(settings)
    clerk, reviewer = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    path = f"/v1/operator/reports/{await a_report(sender=resident.account)}/reveals"
    report = path.split("/")[4]
    asked = await api.post(path, json={"purpose": "contact", "reason": "核实地点"}, headers=clerk)
    approval = asked.json()["approval_id"]

    early = await api.post(f"{path}/{approval}/look", headers=clerk)
    own = await api.post(
        f"/v1/operator/approvals/{approval}/decision", json={"approve": True, "note": "同意"}, headers=clerk
    )
    decided = await api.post(
        f"/v1/operator/approvals/{approval}/decision", json={"approve": True, "note": "同意"}, headers=reviewer
    )
    others = await api.post(f"{path}/{approval}/look", headers=reviewer)
    revealed = await api.post(f"{path}/{approval}/look", headers=clerk)
    twice = await api.post(f"{path}/{approval}/look", headers=clerk)

    assert [a.status_code for a in (early, own, others, twice)] == [403] * 4
    assert decided.status_code < 300
    assert revealed.json() == {"account": str(resident.account), "phone": "+8613800138000", "named": False}
    (seen,) = (await api.get(f"/v1/reports/{report}/looks", headers=resident.headers)).json()
    assert (seen["purpose"], seen["reason"]) == ("与您联系", "核实地点")
    assert CLERK.login not in str(seen)
    steps = (await api.get(f"/v1/reports/{report}", headers=resident.headers)).json()["timeline"]
    assert [step["kind"] for step in steps] == ["submitted", "identity_seen"]


async def test_there_is_nothing_to_look_at_behind_an_anonymous_report(api):
    receipt = (await send(api, None, identity="anonymous")).json()

    with pytest.raises(NotFound):
        async with database.transaction():
            await reveals.ask(
                receipt["id"], purpose="contact", reason="核实地点", operator=new_id(), now=clock.utc_now()
            )
