"""The officers' desk of cases over HTTP."""

from datetime import timedelta

from domain.cases import limits, looking
from domain.kernel import calendar, clock, database
from tests.builders.cases import a_case, a_case_of, an_event, post_update
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.reports import a_key, a_report, send
from tests.builders.residents import a_resident


async def look_at(case_id, *, after: timedelta) -> None:
    now = clock.utc_now() + after
    rules, days = await limits.load(), await calendar.load()
    async with database.transaction():
        await looking.look_at([case_id], rules=rules, days=days, now=now)


async def test_an_extension_is_decided_by_neither_its_asker_nor_a_clerk(api, settings) -> None:
    await seed_officers(settings)
    clerk, reviewer = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    case_id = await a_case()

    more = {"node": "finish", "amount": 10, "reason": "需要监测"}
    filed = (await api.post(f"/v1/operator/cases/{case_id}/extensions", json=more, headers=reviewer)).json()
    decision = f"/v1/operator/extensions/{filed['id']}/decision"

    assert (await api.post(decision, json={"approve": True}, headers=reviewer)).status_code == 403
    assert (await api.post(decision, json={"approve": True}, headers=clerk)).status_code == 403


async def test_warnings_reach_the_officers_they_are_for_and_red_opens_supervision(api, settings) -> None:
    await seed_officers(settings)
    clerk = await signed_in(api, CLERK)
    case_id = await a_case()
    await look_at(case_id, after=timedelta(days=30))

    warned = (await api.get("/v1/operator/warnings", headers=clerk)).json()
    assert {w["role"] for w in warned} == {"handler", "supervisor", "oversight"}
    by_role = {w["role"]: w["receipt_id"] for w in warned}
    acknowledged = {
        role: (await api.post(f"/v1/operator/warnings/{receipt}/acknowledgement", headers=clerk)).status_code
        for role, receipt in by_role.items()
    }
    assert acknowledged == {"handler": 204, "oversight": 204, "supervisor": 404}  # chen is clerk and auditor
    mine = (await api.get("/v1/operator/me/warnings?unacknowledged=false", headers=clerk)).json()
    assert {w["role"] for w in mine} == {"handler", "oversight"}
    (supervised,) = (await api.get("/v1/operator/supervisions", headers=clerk)).json()
    assert supervised["case_id"] == str(case_id)
    closing = f"/v1/operator/supervisions/{supervised['id']}/finding"
    assert (await api.post(closing, json={"finding": "已督促签收"}, headers=clerk)).status_code == 204


async def test_the_queue_one_case_and_a_question(api, settings) -> None:
    await seed_officers(settings)
    clerk = await signed_in(api, CLERK)
    resident = await a_resident()
    report_id = (await send(api, resident)).json()["id"]
    case_id = await a_case_of(report_id)
    await post_update(api, an_event(case_id, 1, "signed"))
    await post_update(api, an_event(case_id, 2, "penalised"))
    await look_at(case_id, after=timedelta(days=30))

    queue = (await api.get("/v1/operator/cases?light=red", headers=clerk)).json()
    assert [item["id"] for item in queue["items"]] == [str(case_id)]
    assert (await api.get("/v1/operator/cases")).status_code == 401
    assert (await api.get("/v1/operator/cases", headers=resident.headers)).status_code == 401
    one = (await api.get(f"/v1/operator/cases/{case_id}", headers=clerk)).json()
    assert [u["stage"] for u in one["updates"]] == ["signed"]
    assert one["deliveries"][0]["message"] == "opened"
    assert str(resident.account) not in str(one)
    refused = (await api.get("/v1/operator/refused-updates", headers=clerk)).json()
    assert [r["code"] for r in refused] == ["bad-transition"]

    url = f"/v1/operator/cases/{case_id}/questions"
    asked = await api.post(url, json={"text": "请问是哪个排口？"}, headers=clerk)
    assert asked.status_code == 201, asked.text
    assert (await api.post(url, json={"text": "再问"}, headers=clerk)).status_code == 409
    seen = (await api.get(f"/v1/reports/{report_id}", headers=resident.headers)).json()
    assert seen["status"] == "waiting_for_you"
    answer_url = f"/v1/reports/{report_id}/questions/{asked.json()['question_id']}/answer"
    stranger = await a_resident()
    for headers, status in ((stranger.headers, 404), (resident.headers, 200)):
        answer = await api.post(answer_url, json={"text": "桥下"}, headers=headers | {"Idempotency-Key": a_key()})
        assert answer.status_code == status, answer.text


async def test_joining_limits_calendar_receivers_and_the_platform_switch(api, settings) -> None:
    await seed_officers(settings)
    reviewer = await signed_in(api, REVIEWER)
    case_id, other = await a_case(), await a_report()
    await a_case_of(other)
    joined = await api.post(f"/v1/operator/cases/{case_id}/reports", json={"report_id": str(other)}, headers=reviewer)
    assert (joined.status_code, joined.json()["reports"]) == (201, 2)
    undone = await api.post(f"/v1/operator/reports/{other}/unjoin", headers=reviewer)
    assert (undone.status_code, undone.json()["reports"]) == (200, 1)

    limit = {"id": "sign-2027", "node": "sign", "amount": 2, "unit": "hours", "valid_from": "2027-01-01", "source": "x"}
    assert (await api.post("/v1/operator/clock-limits", json=limit, headers=reviewer)).status_code == 204
    assert (await api.post("/v1/operator/clock-limits", json=limit, headers=reviewer)).status_code == 409
    end = await api.post("/v1/operator/clock-limits/sign/end", json={"last_day": "2026-12-31"}, headers=reviewer)
    assert end.status_code == 204
    shown = {row["id"]: row for row in (await api.get("/v1/clock-limits")).json()}
    assert shown["sign"]["valid_until"] == "2026-12-31"
    assert shown["finish-12345"]["certainty"] == "U"

    day = {"works": False, "source": "国办发明电"}
    assert (await api.put("/v1/operator/calendar/2027-01-04", json=day, headers=reviewer)).status_code == 204
    assert (await api.put("/v1/operator/calendar/tomorrow", json=day, headers=reviewer)).status_code == 400
    receiver = {"role": "supervisor", "name": "督办科", "unit": "water"}
    made = await api.post("/v1/operator/warning-receivers", json=receiver, headers=reviewer)
    assert made.status_code == 201
    ended = await api.post(f"/v1/operator/warning-receivers/{made.json()['id']}/end", headers=reviewer)
    assert ended.status_code == 204

    switch = "/v1/operator/case-platform/switch"
    assert (await api.post(switch, json={"on": False, "reason": "割接"}, headers=reviewer)).status_code == 204
    assert (await api.get("/v1/operator/case-platform", headers=reviewer)).json()["off_because"] == "割接"
    assert (await api.post(switch, json={"on": True, "reason": "完成"}, headers=reviewer)).status_code == 204
    period = {"since": "2026-01-01T00:00:00Z", "until": "2030-01-01T00:00:00Z", "reason": "恢复"}
    replayed = await api.post("/v1/operator/handovers/replay", json=period, headers=reviewer)
    assert replayed.json() == {"replayed": 0}


async def test_rates_are_public_with_definitions_csv_and_a_drill_down_for_officers(api, settings) -> None:
    await seed_officers(settings)
    clerk = await signed_in(api, CLERK)
    case_id = await a_case()
    assert {r["zh"] for r in (await api.get("/v1/rates/definitions")).json()["rates"]} == {
        "响应率",
        "解决率",
        "满意率",
        "按期办结率",
    }
    card = (await api.get("/v1/rates?by=unit")).json()
    assert [(line["group"], line["rounds"], line["resolved_rate"]) for line in card["lines"]] == [("water", 1, None)]
    table = (await api.get("/v1/rates.csv?by=town")).text
    assert table.lstrip("\ufeff").startswith("first,last,group,rounds")
    behind = (await api.get("/v1/operator/rates/rounds?by=unit&group=water", headers=clerk)).json()
    assert [r["case_id"] for r in behind["items"]] == [str(case_id)]
    assert (await api.get("/v1/operator/rates/rounds")).status_code == 401
    assert (await api.get("/v1/rates?first=2027-01-02&last=2026-01-01")).status_code == 400
