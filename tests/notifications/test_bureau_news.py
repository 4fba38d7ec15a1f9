"""Acts of the bureau that concern one person: a look at their identity, an answer to their enterprise, their rating."""

from datetime import date

import msgspec
import pytest

from api.wiring import SUBSCRIBERS
from domain.cases.events import ResultRated
from domain.disclosure.events import ChiefMessageEscalated, PublicationLate
from domain.enterprises.events import MatterLate, RatingsUnpublished
from domain.kernel import clock, handling, outbox
from domain.kernel import database as kernel_database
from domain.kernel.events import Event
from domain.kernel.ids import new_id
from domain.reports.events import IdentitySeen
from domain.reports.reveals import officer_code
from notifications import inbox, webhooks
from tests.api.test_enterprises_api import CODE, Desk, desk
from tests.builders.notifications import happened
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.reports import a_report
from tests.builders.residents import Resident, a_resident

__all__ = ["desk"]


async def lines(resident: Resident, **form: str) -> list[inbox.Line]:
    return await inbox.page(resident.account, now=clock.utc_now(), **form)  # type: ignore[arg-type]


async def test_who_sent_a_report_reads_who_looked_when_and_why(api, settings) -> None:
    resident, bystander = await a_resident(), await a_resident()
    await seed_officers(settings)
    clerk, reviewer = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    report = await a_report(sender=resident.account)
    path = f"/v1/operator/reports/{report}/reveals"
    asked = await api.post(path, json={"purpose": "contact", "reason": "核实排口" * 30}, headers=clerk)
    approval = asked.json()["approval_id"]
    note = {"approve": True, "note": "同意"}
    await api.post(f"/v1/operator/approvals/{approval}/decision", json=note, headers=reviewer)
    looked = await api.post(f"{path}/{approval}/look", headers=clerk)
    assert looked.status_code == 200, looked.text
    seen = await kernel_database.fetch_row("select id, asked_by, approved_by from identity_reveal")
    recorded = await kernel_database.fetch_value("select payload from outbox_event where name = 'IdentitySeen'")

    await happened(IdentitySeen(report_id=report, reveal_id=seen["id"]))
    (zh,), (en,) = await lines(resident), await lines(resident, language="en")

    assert str(seen["id"]) in recorded
    assert str(resident.account) not in recorded
    for word in ("与您联系", "核实排口核实排口", officer_code(seen["asked_by"]), officer_code(seen["approved_by"])):
        assert word in zh.body
    assert "to contact you" in en.body
    assert "…" in zh.body  # the whole reason stands with the report
    assert CLERK.login not in zh.body
    assert await lines(bystander) == []


async def test_those_who_act_for_an_enterprise_hear_of_the_answer_and_nobody_else(desk: Desk) -> None:
    applied, key = await a_resident(), {"Idempotency-Key": "delegate-key-2"}
    body = {"proof": "letter", "note": "授权书2号"}
    await desk.api.post(f"/v1/enterprises/{CODE}/delegates", json=body, headers=applied.headers | key)
    await desk.compute()
    await desk.step("fed_back")
    await desk.step("publicised")
    matter = (await desk.matter("objection")).json()["id"]
    assert await desk.answer(matter, "declined") == 204
    now = clock.utc_now()
    while ids := await outbox.claim(now=now):
        await handling.handle(ids, subscribers=SUBSCRIBERS, now=now)

    (told,) = (await desk.api.get("/v1/inbox", headers=desk.delegate)).json()["messages"]

    assert told["title"] == "企业信用异议申请：不予支持"
    assert "清河示例电镀有限公司" in told["body"]
    assert await lines(applied) == []  # asked to act for it, and was not verified


LATE = PublicationLate(dataset="penalties", subject="青环罚〔2026〕13号", unit="青河区生态环境分局", light="red")


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("result.rated", ResultRated(case_id=new_id(), round=1, solved=False, satisfied=False)),
        ("disclosure.late", LATE),
        ("ratings.late", RatingsUnpublished(year=2025, publish_by=date(2026, 6, 30), light="amber")),
        ("matter.late", MatterLate(matter_id=new_id(), kind="objection", light="red")),
        ("chief-message.escalated", ChiefMessageEscalated(message_id=new_id(), river="QH-R-001", level="county")),
    ],
)
async def test_units_that_asked_are_told_what_was_said_of_them_and_what_is_late(
    database: None, kind: str, event: Event
) -> None:
    async with kernel_database.transaction():
        endpoint, _ = await webhooks.subscribe(
            name="承办单位", url="https://unit.example.cn/hooks", events=[kind], now=clock.utc_now()
        )
        recorded = await outbox.record(event, at=clock.utc_now())
    await handling.handle([recorded], subscribers=SUBSCRIBERS, now=clock.utc_now())

    (message,) = await kernel_database.fetch("select type, body from webhook_message where endpoint = $1", endpoint)

    assert message["type"] == kind
    assert msgspec.json.decode(message["body"])["data"] == msgspec.to_builtins(event)
