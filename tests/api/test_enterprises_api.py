"""A rating's whole life over HTTP: computed, publicised, objected to, final, adjusted, repaired, proven by a statement."""

import httpx
import pytest

from api.wiring import SUBSCRIBERS
from domain.enterprises.rule_packs import load
from domain.kernel import clock, handling, outbox
from domain.kernel import database as db
from domain.residents import phones
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.residents import a_resident

CODE = "91330106MA27X0015J"
PACK = load("guangzhou-2015")
BASE = "/v1/operator/enterprises"


def inputs(score: str = "90", **changes) -> dict:
    marks = [{"indicator": i.code, "score": score, "document": "核查表"} for i in PACK.indicators]
    return {"pack": PACK.id, "year": 2025, "marks": marks} | changes


class Desk:
    """Officers, a delegate and a clock that can be moved."""

    def __init__(self, api: httpx.AsyncClient, clerk: dict, reviewer: dict, delegate: dict) -> None:
        self.api, self.clerk, self.reviewer, self.delegate = api, clerk, reviewer, delegate
        self.rating = ""

    async def compute(self, **changes) -> httpx.Response:
        answer = await self.api.post(f"{BASE}/{CODE}/ratings", json=inputs(**changes), headers=self.clerk)
        if answer.is_success:
            self.rating = answer.json()["id"]
        return answer

    async def step(self, stage: str, officer: dict | None = None, **more) -> int:
        body = {"stage": stage, "basis": "评价会议纪要"} | more
        answer = await self.api.post(f"{BASE}/ratings/{self.rating}/steps", json=body, headers=officer or self.reviewer)
        now = clock.utc_now()
        while ids := await outbox.claim(now=now):
            await handling.handle(ids, subscribers=SUBSCRIBERS, now=now)
        return answer.status_code

    async def matter(self, kind: str, text: str = "数据有误", **more) -> httpx.Response:
        key = {"Idempotency-Key": f"matter-{kind}-{text}"[:60].encode("ascii", "replace").decode()}
        body = {"kind": kind, "text": text} | more
        return await self.api.post(f"/v1/enterprises/{CODE}/rating/matters", json=body, headers=self.delegate | key)

    async def answer(self, matter: str, outcome: str, **more) -> int:
        body = {"outcome": outcome, "answer": "经复核"} | more
        return (await self.api.post(f"{BASE}/matters/{matter}/answer", json=body, headers=self.reviewer)).status_code

    async def own(self) -> dict:
        return dict((await self.api.get(f"/v1/enterprises/{CODE}/rating", headers=self.delegate)).json())

    async def public(self) -> dict:
        return dict((await self.api.get(f"/v1/enterprises/{CODE}")).json())


@pytest.fixture
async def desk(api, settings) -> Desk:
    await seed_officers(settings)
    clerk, reviewer = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    delegate = (await a_resident()).headers
    await api.post(BASE, json={"credit_code": CODE, "name": "清河示例电镀有限公司"}, headers=clerk)
    body = {"proof": "letter", "note": "授权书1号"}
    key = {"Idempotency-Key": "delegate-key-1"}
    asked = await api.post(f"/v1/enterprises/{CODE}/delegates", json=body, headers=delegate | key)
    await api.post(f"{BASE}/delegates/{asked.json()['id']}/decide", json={"accept": True}, headers=clerk)
    return Desk(api, clerk, reviewer, delegate)


async def later() -> None:
    """The publicity days have passed."""
    await db.execute("update enterprise_rating set objections_until = objections_until - 17")


async def test_only_publicised_and_later_stages_are_public(desk: Desk) -> None:
    assert (await desk.compute()).status_code == 201
    assert (await desk.api.get(f"/v1/enterprises/{CODE}")).status_code == 404
    assert await desk.step("fed_back") == 204
    assert (await desk.api.get(f"/v1/enterprises/{CODE}")).status_code == 404
    assert await desk.step("publicised") == 204

    shown = await desk.public()

    assert (shown["rating"]["stage"], shown["rating"]["grade"]) == ("publicised", "blue")
    assert "marks" not in str(shown)
    assert shown["rating"]["objections_until"]


async def test_a_delegate_sees_every_indicator_and_what_repair_would_change(desk: Desk) -> None:
    await desk.compute(score="70")
    await desk.step("fed_back")

    own = await desk.own()

    assert (len(own["lines"]), own["grade"], own["recomputes"]) == (21, "yellow", True)
    assert {"核查表"} == {line["document"] for line in own["lines"]}
    assert own["what_if"][-1]["kind"] == "all"
    assert "vetoes:v8" in own["unconfirmed_rules"]


async def test_an_objection_holds_the_decision_until_it_is_answered(desk: Desk) -> None:
    await desk.compute()
    await desk.step("fed_back")
    await desk.step("publicised")
    opened = await desk.matter("objection")
    assert opened.status_code == 201
    assert (await desk.matter("objection", "again")).status_code == 409
    assert (await desk.matter("repair")).status_code == 409
    assert (await desk.own())["stage"] == "rechecking"

    await later()
    assert await desk.step("final") == 409
    assert await desk.answer(opened.json()["id"], "declined") == 204
    assert await desk.answer(opened.json()["id"], "upheld") == 404
    assert await desk.step("final") == 204
    assert await desk.step("published") == 204
    assert (await desk.public())["rating"]["stage"] == "final"


async def test_the_decision_waits_for_the_publicity_days_and_for_a_reviewer(desk: Desk) -> None:
    await desk.compute()
    await desk.step("fed_back")
    await desk.step("publicised")

    assert await desk.step("final") == 409
    assert await desk.step("final", desk.clerk) == 403
    assert await desk.step("published") == 409


async def published(desk: Desk, **changes) -> None:
    await desk.compute(**changes)
    for stage in ("fed_back", "publicised"):
        await desk.step(stage)
    await later()
    for stage in ("final", "published"):
        assert await desk.step(stage) == 204


async def test_a_general_incident_lowers_the_published_grade_and_keeps_history(desk: Desk) -> None:
    await published(desk)

    assert await desk.step("adjusted", event="general_incident", reason="7月一般突发环境事件") == 204

    shown, own = await desk.public(), await desk.own()
    assert tuple(shown["rating"][n] for n in ("grade", "stage", "reason")) == (
        "yellow",
        "adjusted",
        "7月一般突发环境事件",
    )
    assert [step["grade"] for step in own["steps"]][-2:] == ["blue", "yellow"]
    history = (await desk.api.get(f"/v1/disclosure/enterprise-ratings/{CODE}")).json()["history"]
    assert [version["version"] for version in history] == [3, 2, 1]


async def test_a_red_enterprise_is_repaired_and_the_bar_still_runs(desk: Desk) -> None:
    await published(desk, vetoes=[{"code": "v6", "document": "清环罚1号"}])
    assert (await desk.public())["rating"]["grade"] == "red"
    matter = (await desk.matter("repair")).json()["id"]

    assert await desk.answer(matter, "upheld", grade="blue") == 204

    await desk.step("collected")  # drives the outbox
    shown = (await desk.public())["rating"]
    assert (shown["stage"], shown["grade"]) == ("repaired", "blue")
    bonus = [{"code": f"g{n}", "document": "证书"} for n in (1, 2)]
    next_year = (await desk.compute(score="100", year=2026, bonus=bonus)).json()["rating"]
    assert (
        next_year["grade"], next_year["reasons"][0]["kind"], next_year["reasons"][0]["document"],
    ) == ("blue", "bar", "red 2025")  # fmt: skip


async def test_a_statement_proves_the_rating_and_says_when_it_is_out_of_date(desk: Desk) -> None:
    await published(desk)
    statement = (await desk.api.get(f"/v1/enterprises/{CODE}/statement")).json()["statement"]
    verify = "/v1/enterprises/statements/verify"

    genuine = (await desk.api.post(verify, json={"statement": statement})).json()
    forged = await desk.api.post(verify, json={"statement": statement[:-6] + "AAAAAA"})
    await desk.step("adjusted", event="general_incident")
    old = (await desk.api.post(verify, json={"statement": statement})).json()

    assert (genuine["claims"]["rating"]["grade"], genuine["claims"]["sub"], genuine["still_current"]) == (
        "blue",
        CODE,
        True,
    )
    assert (forged.status_code, forged.json()["code"]) == (422, "statement-broken")
    assert old["still_current"] is False
    keys = (await desk.api.get("/v1/enterprises/statement-keys")).json()["keys"]
    assert {"OKP"} == {key["kty"] for key in keys}


async def test_nobody_but_a_verified_delegate_sees_the_inside(desk: Desk) -> None:
    await desk.compute()
    await desk.step("fed_back")
    stranger = (await a_resident()).headers

    assert (await desk.api.get(f"/v1/enterprises/{CODE}/rating", headers=stranger)).status_code == 404
    mine = (await desk.api.get("/v1/me/enterprises", headers=desk.delegate)).json()
    assert [delegation["state"] for delegation in mine] == ["verified"]
    await desk.api.delete(f"/v1/me/enterprises/{mine[0]['id']}", headers=desk.delegate)
    assert (await desk.api.get(f"/v1/enterprises/{CODE}/rating", headers=desk.delegate)).status_code == 404


async def test_packs_are_public_with_what_is_unconfirmed(api) -> None:
    packs = (await api.get("/v1/enterprises/rule-packs")).json()

    assert {"guangzhou-2015", "national-2013"} == {pack["pack"]["id"] for pack in packs}
    assert all(pack["unconfirmed"] for pack in packs)


PDF = b"%PDF-1.7\n% not opened here"


async def test_a_matter_carries_sealed_evidence_that_only_officers_and_nobody_else_open(desk: Desk) -> None:
    await desk.compute()
    await desk.step("fed_back")
    address = f"/v1/enterprises/{CODE}/rating/evidence"
    stranger = (await a_resident()).headers

    async def send(content: bytes, headers: dict) -> httpx.Response:
        return await desk.api.post(address, params={"name": "监测报告.pdf"}, content=content, headers=headers)

    file, again = await send(PDF, desk.delegate), await send(PDF, desk.delegate)
    wrong = [await send(content, desk.delegate) for content in (b"", b"<html>", b"MZ\x90", b"PK\x03\x04")]
    foreign = await send(PDF, stranger)
    opened = await desk.matter("reply", evidence=[file.json()["id"]])
    twice = await desk.matter("reply", "again", evidence=[file.json()["id"]])

    assert (file.status_code, file.json()["media_type"], again.json()) == (201, "application/pdf", file.json())
    assert ([a.status_code for a in wrong], foreign.status_code) == ([422] * 4, 404)
    assert (opened.status_code, twice.status_code) == (201, 409)
    assert (await desk.own())["matters"][0]["evidence"] == [file.json()]
    assert PDF not in await db.fetch_value("select sealed from matter_file")
    desk_address = f"{BASE}/evidence/{file.json()['id']}"
    got = await desk.api.get(desk_address, headers=desk.clerk)
    assert (got.content, got.headers["content-type"]) == (PDF, "application/octet-stream")
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E7%9B%91")
    assert (await desk.api.get(desk_address, headers=desk.delegate)).status_code == 401
    assert await db.fetch_value("select count(*) from audit_entry where action = 'evidence.opened'") == 1


async def test_evidence_of_somebody_else_cannot_be_named(desk: Desk) -> None:
    await desk.compute()
    await desk.step("fed_back")

    unknown = await desk.matter("reply", evidence=["01a20157-6860-714f-9028-29f3d41e2caf"])

    assert unknown.status_code == 404
    assert (await desk.own())["matters"] == []


async def test_the_legal_persons_phone_confirms_a_delegate_or_refuses(desk: Desk) -> None:
    number, now = "13812345678", clock.utc_now()
    enterprise = {"credit_code": "91350212MA31Y00255", "name": "清河示例印染有限公司", "legal_phone": number}
    await desk.api.post(BASE, json=enterprise, headers=desk.clerk)
    person, other = await a_resident(), await a_resident()
    async with db.transaction():
        await phones.bind(person.account, phone=phones.read(number), proof="sms", now=now)

    async def ask(who) -> httpx.Response:
        body, key = {"proof": "legal_phone", "note": "法定代表人本人"}, {"Idempotency-Key": "legal-phone-1"}
        address = f"/v1/enterprises/{enterprise['credit_code']}/delegates"
        return await desk.api.post(address, json=body, headers=who.headers | key)

    right, wrong = await ask(person), await ask(other)
    (waiting,) = (await desk.api.get(f"{BASE}/delegates", headers=desk.clerk)).json()

    assert (right.status_code, wrong.status_code, wrong.json()["code"]) == (201, 409, "legal-phone-differs")
    assert (waiting["phone_confirmed"], waiting["state"]) == (True, "waiting")
    assert number not in str(await db.fetch("select * from enterprise"))
