"""Lights on the real database: fired once, named, proven, acknowledged; extensions; silence; a corrected calendar."""

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from domain.cases import desk, extensions, limits, looking, rules, supervision, views, warnings
from domain.cases.clocks import Node
from domain.cases.progress import apply
from domain.kernel import calendar, database
from domain.kernel.clock import DISTRICT_ZONE
from domain.kernel.errors import NotFound
from domain.kernel.events import Ticked
from domain.kernel.ids import new_id
from domain.reports import timeline
from tests.builders.cases import a_case, a_case_of, an_update
from tests.builders.reports import a_report

pytestmark = pytest.mark.usefixtures("database")
MONDAY = datetime(2026, 11, 2, 9, 0, tzinfo=DISTRICT_ZONE)


async def look(at: datetime) -> None:
    async with database.transaction():
        await looking.look(Ticked(every="minute", at=at), event_id=1, at=at)


async def fired(case_id: UUID) -> list[tuple[str, str]]:
    rows = await database.fetch(
        'select node, light from case_warning where "case" = $1 order by fired_at, node', case_id
    )
    return [(row["node"], row["light"]) for row in rows]


async def test_amber_then_red_each_once_and_only_while_the_node_runs() -> None:
    case_id = await a_case(now=MONDAY, category="noise.social")
    for hours in (1, 10, 16, 17, 18, 30, 38, 39, 40, 45):
        await look(MONDAY + timedelta(hours=hours))

    assert await fired(case_id) == [("sign", "amber"), ("sign", "red")]


async def test_red_is_told_to_the_unit_its_supervisor_and_the_oversight_role_by_name() -> None:
    async with database.transaction():
        await rules.add_receiver(
            unit="city",
            role="supervisor",
            name="督办科",
            operator=None,
            valid_from=date(2026, 1, 1),
            by="o",
            now=MONDAY,
        )
    case_id = await a_case(now=MONDAY, category="noise.social")
    await look(MONDAY + timedelta(days=2))
    told = await desk.warnings(case_id=case_id, unacknowledged=True, limit=10)

    assert {(w.light, w.role, w.name) for w in told} == {
        ("red", "handler", "责任单位"),
        ("red", "supervisor", "督办科"),
        ("red", "oversight", "纪检监察（再监督）"),
    }
    job = await database.fetch_row("select id from send_job where payload->>'message' = 'warned'")
    assert job is not None
    async with database.transaction():
        await warnings.record_proof(job["id"], proof="HTTP 200", now=MONDAY)
        await acknowledge(told[0].receipt_id, roles={"clerk", "reviewer", "auditor"})
    left = await desk.warnings(case_id=case_id, unacknowledged=True, limit=10)
    assert len(left) == 2
    assert all("officers' list" in (w.proof or "") and "HTTP 200" in (w.proof or "") and w.sent_at for w in left)


async def acknowledge(receipt_id: UUID, *, roles: set[str], operator: UUID | None = None) -> None:
    await warnings.acknowledge(receipt_id, operator=operator or new_id(), roles=roles, by="operator:1", now=MONDAY)


async def mine(operator: UUID, *roles: str, at: datetime) -> list[tuple[str, str]]:
    async with database.transaction():
        rows = await warnings.list_for(
            operator, roles=set(roles), by=f"operator:{operator}", unacknowledged=True, limit=50, now=at
        )
    return sorted((row["role"], row["light"]) for row in rows)


async def test_a_warning_stands_in_the_list_of_the_named_officer_or_of_the_role_and_of_nobody_else() -> None:
    named, clerk, other = new_id(), new_id(), new_id()
    async with database.transaction():
        await rules.add_receiver(
            unit="city",
            role="supervisor",
            name="王督办",
            operator=named,
            valid_from=date(2026, 1, 1),
            by="o",
            now=MONDAY,
        )
    await a_case(now=MONDAY, category="noise.social")
    await look(MONDAY + timedelta(days=2))
    later = MONDAY + timedelta(days=2, hours=1)

    assert await mine(named, at=later) == [("supervisor", "red")]
    assert await mine(clerk, "clerk", at=later) == [("handler", "red")]
    assert await mine(other, "auditor", "reviewer", at=later) == [("oversight", "red")]
    receipt = await database.fetch_row("select id, seen_at, seen_by from warning_receipt where operator = $1", named)
    assert receipt is not None
    assert (receipt["seen_at"], receipt["seen_by"]) == (later, f"operator:{named}")
    with pytest.raises(NotFound):
        async with database.transaction():
            await acknowledge(receipt["id"], roles={"reviewer"}, operator=other)
    async with database.transaction():
        await acknowledge(receipt["id"], roles=set(), operator=named)
    assert await mine(named, at=later) == []


async def test_red_opens_the_supervision_of_the_round_once_and_amber_opens_none() -> None:
    case_id = await a_case(now=MONDAY, category="noise.social")
    await look(MONDAY + timedelta(hours=35))
    assert await fired(case_id) == [("sign", "amber")]
    assert await supervision.listed(only_open=True, limit=10) == []

    for hours in (39, 40, 200, 400):
        await look(MONDAY + timedelta(hours=hours))
    (found,) = await supervision.listed(only_open=True, limit=10)
    assert (found.case_id, found.round, found.node) == (case_id, 1, "sign")
    async with database.transaction():
        await supervision.close(found.id, finding="已督促责任单位签收", by="operator:1", now=MONDAY)
    with pytest.raises(NotFound):
        async with database.transaction():
            await supervision.close(found.id, finding="再次", by="operator:1", now=MONDAY)
    assert await supervision.listed(only_open=True, limit=10) == []
    assert (await supervision.listed(only_open=False, limit=10))[0].finding == "已督促责任单位签收"


async def test_a_stage_in_time_turns_no_light() -> None:
    case_id = await a_case(now=MONDAY)
    async with database.transaction():
        await apply(
            [an_update(case_id, 1, "signed", happened_at=MONDAY + timedelta(hours=1))], now=MONDAY + timedelta(hours=1)
        )
    await look(MONDAY + timedelta(hours=3, minutes=59))

    assert [node for node, _ in await fired(case_id) if node == "sign"] == []


async def test_silence_chases_escalates_and_is_told_to_the_resident() -> None:
    report_id = await a_report(category="noise.social", now=MONDAY)
    case_id = await a_case_of(report_id, now=MONDAY)
    for day in range(8):
        await look(MONDAY + timedelta(days=day))

    assert ("silence", "amber") in await fired(case_id)
    assert ("silence", "red") in await fired(case_id)
    chased = await database.fetch_value("select count(*) from send_job where payload->>'message' = 'chased'")
    assert chased == 2
    told = await database.fetch_value(
        "select count(*) from outbox_event where name = 'LightTurned' and payload->>'node' = 'silence'"
    )
    assert told == 2


async def test_a_corrected_calendar_moves_the_clock_and_the_fired_warning_stays() -> None:
    case_id = await a_case(now=MONDAY, category="noise.social")
    await look(MONDAY + timedelta(hours=39))
    before = await fired(case_id)
    async with database.transaction():
        await rules.set_day(date(2026, 11, 3), works=False, source="notice", by="o", now=MONDAY)
    clocks = await limits.clocks_of(case_id, limits=await limits.load(), calendar=await calendar.load(), now=MONDAY)
    sign = next(clock for clock in clocks if clock.node is Node.SIGN)

    assert sign.due_at == datetime(2026, 11, 5, tzinfo=DISTRICT_ZONE)
    assert before == await fired(case_id) == [("sign", "red")]


async def test_an_extension_needs_a_second_person_moves_the_clock_and_is_told_with_its_reason() -> None:
    report_id = await a_report(now=MONDAY)
    case_id = await a_case_of(report_id, now=MONDAY)
    await look(MONDAY)
    before = await database.fetch_value("select finish_due_at from case_round")
    async with database.transaction():
        asked = await extensions.ask(
            case_id, round_=1, node=Node.FINISH, amount=20, reason="等待监测", by="operator:1", now=MONDAY
        )
    with pytest.raises(extensions.NeedsAnotherPerson):
        async with database.transaction():
            await extensions.decide(asked, approve=True, by="operator:1", now=MONDAY)
    async with database.transaction():
        await extensions.decide(asked, approve=True, by="operator:2", now=MONDAY)
    await look(MONDAY)

    assert await database.fetch_value("select finish_due_at from case_round") - before == timedelta(days=20)
    assert "等待监测" in next(e.text for e in await timeline.of_report(report_id) if e.kind == "extended")
    async with database.transaction():
        more = await extensions.ask(
            case_id, round_=1, node=Node.FINISH, amount=11, reason="x", by="operator:1", now=MONDAY
        )
    with pytest.raises(extensions.ExtensionRefused):
        async with database.transaction():
            await extensions.decide(more, approve=True, by="operator:2", now=MONDAY)


async def test_a_new_limit_is_followed_by_every_open_clock_and_an_id_is_never_rewritten() -> None:
    case_id = await a_case(now=MONDAY, category="noise.social")
    new = rules.NewLimit(
        id="sign-noise",
        node=Node.SIGN,
        amount=2,
        unit="hours",
        valid_from=date(2026, 1, 1),
        source="decision 7",
        certainty="P",
        category="noise",
    )
    async with database.transaction():
        await rules.add_limit(new, by="o", now=MONDAY)
    view = await views.of_case(case_id, now=MONDAY + timedelta(hours=3))

    assert [(c.limit, c.light) for c in view.clocks if c.node == "sign"] == [("2 hours", "red")]
    with pytest.raises(rules.LimitTaken):
        async with database.transaction():
            await rules.add_limit(new, by="o", now=MONDAY)
