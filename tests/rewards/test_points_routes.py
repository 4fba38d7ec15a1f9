"""Balances, statement, behaviours and recomputation, as the phone and the public call them; a closure pays its reporters."""

from datetime import timedelta

import pytest

from api.wiring import SUBSCRIBERS
from domain.cases.events import CaseClosed
from domain.kernel import clock, handling, outbox
from domain.kernel import database as db
from domain.kernel.ids import new_id
from rewards import proving, report_rewards
from tests.builders.reports import a_report
from tests.builders.residents import a_resident
from tests.builders.rewards import a_claim, claimed

pytestmark = pytest.mark.anyio


async def closed(case, *, substantiated=True, provisional=False) -> None:
    """Records the closure and lets every subscriber of green credit handle it, as a worker would."""
    now = clock.utc_now()
    async with db.transaction():
        event = CaseClosed(case_id=case, round=1, outcome="fixed", substantiated=substantiated, provisional=provisional)
        event_id = await outbox.record(event, at=now)
    heard = {CaseClosed: [h for h in SUBSCRIBERS[CaseClosed] if h.__module__.startswith("rewards")]}
    await handling.handle([event_id], subscribers=heard, now=now)
    assert await db.fetch_value("select error from outbox_event where id = $1", event_id) is None


async def a_case_of(*reports):
    """A case that answers these reports; only the link matters here."""
    case = new_id()
    await db.execute("set session_replication_role = replica")
    for report in reports:
        await db.execute(
            'insert into case_report (id, "case", report, joined_at, joined_by) values ($1, $2, $3, now(), $4)',
            new_id(),
            case,
            report,
            "test",
        )
    return case


async def test_a_substantiated_closure_pays_every_joined_reporter_once(api):
    one, other = await a_resident(), await a_resident()
    reports = [await a_report(sender=who.account) for who in (one, one, other)]
    case = await a_case_of(*reports)

    await closed(case, provisional=True)
    await closed(case, substantiated=False)
    await closed(case)
    await closed(case)

    for who in (one, other):
        answer = (await api.get("/v1/points", headers=who.headers)).json()
        assert {p["unit"]: p["balance"] for p in answer["pots"]} == {"points": 50, "carbon": 0, "minutes": 0}
        assert answer["expiring_points"] == 50
    assert await proving.faults() == []


async def test_staff_on_duty_and_closed_accounts_earn_no_points_for_reports(api):
    officer, gone, neighbour = await a_resident(), await a_resident(), await a_resident()
    async with db.transaction():
        await report_rewards.exclude(officer.account, reason="值班人员", until=None, by="test", now=clock.utc_now())
    case = await a_case_of(*[await a_report(sender=who.account) for who in (officer, gone, neighbour)])
    await db.execute("update account set status = 'closed' where id = $1", gone.account)
    await closed(case)

    assert [row["account"] for row in await db.fetch("select account from reward_award")] == [neighbour.account]


async def test_everybody_reads_what_reports_are_worth(api):
    rules = (await api.get("/v1/report-rewards/rules")).json()

    assert [item["fen"] for item in rules["items"]] == [50_000, 100_000, 200_000]
    assert (rules["anonymous_fen_max"], rules["claim_days"], {i["tag"] for i in rules["items"]}) == (100_000, 60, {"P"})


async def test_the_ledger_does_not_tell_who_reported_what(api):
    who = await a_resident()
    report = await a_report(sender=who.account)
    case = await a_case_of(report)
    await closed(case)

    dump = str(
        await db.fetch(
            "select c.*, t.*, a.* from reward_claim c join reward_award a on a.claim = c.id join ledger_transfer t on t.evidence = c.id"
        )
    )

    assert str(report) not in dump
    assert str(case) not in dump


async def test_the_statement_pages_with_a_cursor_and_names_the_behaviour(api):
    who, now = await a_resident(), clock.utc_now()
    for hours in (1, 3, 5):
        await claimed(a_claim(who.account, at=now - timedelta(hours=hours)), now=now)

    page = (await api.get("/v1/points/statement?unit=carbon&limit=2", headers=who.headers)).json()
    rest = (
        await api.get(f"/v1/points/statement?unit=carbon&limit=2&cursor={page['next']}", headers=who.headers)
    ).json()

    lines = [*page["items"], *rest["items"]]
    assert [line["balance"] for line in lines] == [1_737_240, 1_158_160, 579_080]
    assert {line["title_zh"] for line in lines} == {"乘坐地铁"}
    assert rest.get("next") is None


async def test_a_stranger_sees_nothing_of_it(api):
    assert (await api.get("/v1/points")).status_code == 401


async def test_anybody_recomputes_an_award(api):
    answer = await api.post(
        "/v1/behaviours/solar/recompute", json={"inputs": {"energy_kwh": "10"}, "day": "2026-01-14"}
    )

    assert answer.status_code == 200
    told = answer.json()
    assert (told["milligrams"], told["unconfirmed"], len(told["content_hash"])) == (5_366_000, False, 64)


@pytest.mark.parametrize(
    "inputs",
    [{}, {"energy_kwh": "1e9"}, {"energy_kwh": "-1"}, {"energy_kwh": "9999"}, {"energy_kwh": 5}, {"other": "1"}],
)
async def test_recomputation_refuses_what_the_method_does_not_take(api, inputs):
    answer = await api.post("/v1/behaviours/solar/recompute", json={"inputs": inputs, "day": "2026-01-14"})

    assert answer.status_code == 400


async def test_unconfirmed_factors_are_flagged(api):
    factors = (await api.get("/v1/factors")).json()
    listed = (await api.get("/v1/behaviours/walk")).json()

    assert {f["unconfirmed"] for f in factors if f["tag"] in ("U-m", "P")} == {True}
    assert listed["methods"][0]["formula_grams"] == "min(steps, walk_steps) * walk_grams / walk_steps - credited_grams"
