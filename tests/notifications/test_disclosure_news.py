"""What the bureau discloses reaches those it concerns: the reporter of a penalised case, who wrote to a chief."""

import msgspec
import pytest

from api.wiring import SUBSCRIBERS
from domain.cases import progress
from domain.disclosure import chief_messages
from domain.kernel import clock, handling, outbox
from domain.kernel import database as db
from domain.kernel.ids import new_id
from tests.builders.cases import a_case_of, an_update
from tests.builders.disclosure import a_chief, a_penalty, a_river, published, worked
from tests.builders.reports import a_report
from tests.builders.residents import a_resident


async def handled() -> None:
    now = clock.utc_now()
    while ids := await outbox.claim(now=now):
        await handling.handle(ids, subscribers=SUBSCRIBERS, now=now)


async def test_an_answer_of_the_chief_reaches_who_wrote(database) -> None:
    resident, now = await a_resident(), clock.utc_now()
    await published("rivers", a_river())
    await published("river-chiefs", a_chief())
    async with db.transaction():
        message = await chief_messages.send(
            "QH-R-001", account=resident.account, text="有油花", photos=[], place=None, now=now
        )
        await chief_messages.answer(message, text="已处理", by="chief", now=now)
    await handled()

    told = await db.fetch(
        "select a.wording from inbox_message m join announcement a on a.id = m.announcement where a.audience = 'person'"
    )

    assert [row["wording"] for row in told] == ["chief_answered"]


async def news() -> list[str]:
    rows = await db.fetch(
        "select a.wording from inbox_message m join announcement a on a.id = m.announcement"
        " where a.audience = 'person' order by a.id"
    )
    return [row["wording"] for row in rows if row["wording"] == "penalty_published"]


@pytest.mark.parametrize("named_by", ["the officer", "the platform"])
async def test_a_penalty_tells_everybody_whose_report_led_to_it_once_and_links_back(api, named_by: str) -> None:
    first, other = await a_resident(), await a_resident()
    report, joined = await a_report(sender=first.account), await a_report(sender=other.account)
    case = await a_case_of(report)
    now, today = clock.utc_now(), str(clock.local_day(clock.utc_now()))
    await db.execute(
        'insert into case_report (id, "case", report, joined_at, joined_by) values ($1, $2, $3, $4, $5)',
        new_id(), case, joined, now, "operator",
    )  # fmt: skip
    await worked(api)
    changes = {"case_number": str(case)} if named_by == "the officer" else {}
    row = a_penalty(decided_on=today) | changes
    if named_by == "the platform":
        stages = ("signed", "dispatched", "inspected", "filed", "penalised")
        updates = [an_update(case, number, stage) for number, stage in enumerate(stages, start=1)]
        updates[-1] = msgspec.structs.replace(updates[-1], detail={"penalty": row["decision_number"]})
        async with db.transaction():
            await progress.apply(updates, now=now)
    await published("penalties", row, now=now)
    await worked(api)
    await published("penalties", row | {"amount_yuan": "1"}, now=now)  # a correction is no second message
    await worked(api)

    links = (await api.get(f"/v1/disclosure/penalties/{row['decision_number']}/links")).json()

    assert await news() == ["penalty_published"] * 2
    assert {found["id"] for found in links["reports"]} == {str(report), str(joined)}
    assert links["enterprise"].endswith(row["credit_code"])
    assert (await api.get(links["reports"][0]["link"].split("8000")[1])).status_code == 200


async def test_a_penalty_without_a_known_case_tells_nobody(database) -> None:
    await published("penalties", a_penalty(case_number="unknown"))
    await handled()

    assert await db.fetch("select 1 from inbox_message") == []
    assert await db.fetch_value("select count(*) from outbox_event where error is not null") == 0
