"""What the bureau discloses reaches those it concerns: the reporter of a penalised case, who wrote to a chief."""

from api.wiring import SUBSCRIBERS
from domain.disclosure import chief_messages
from domain.kernel import clock, handling, outbox
from domain.kernel import database as db
from tests.builders.disclosure import a_chief, a_penalty, a_river, published
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


async def test_a_penalty_without_a_known_case_tells_nobody(database) -> None:
    await published("penalties", a_penalty(case_number="unknown"))
    await handled()

    assert await db.fetch("select 1 from inbox_message") == []
    assert await db.fetch_value("select count(*) from outbox_event where error is not null") == 0
