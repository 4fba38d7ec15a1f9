"""A batch of ratings is complete, repeatable and goes on where it stopped."""

from decimal import Decimal
from uuid import UUID

from domain.enterprises import batch, enterprises, life
from domain.enterprises.enterprises import NewEnterprise
from domain.enterprises.rating import Inputs, Mark
from domain.enterprises.rule_packs import load
from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.credit_code import check_character, organisation_check

PACK = load("guangzhou-2015")


def a_code(number: int) -> str:
    body = f"91330106MA{number:06d}"
    first = body + organisation_check(body[8:])
    return first + check_character(first)


async def some_work(count: int) -> list[tuple[UUID, Inputs]]:
    now, work = clock.utc_now(), []
    for number in range(count):
        code = a_code(number)
        enterprise = await enterprises.register(NewEnterprise(credit_code=code, name=f"企业{number}"), now=now)
        marks = tuple(Mark(indicator=i.code, score=Decimal(50 + number % 50), document="表") for i in PACK.indicators)
        work.append((enterprise, Inputs(credit_code=code, year=2025, marks=marks)))
    return work


async def test_a_batch_rates_everybody_once_and_each_rating_recomputes(database) -> None:
    work, seen = await some_work(30), []

    first = await batch.rate_all(work[:10], pack=PACK, actor="system", now=clock.utc_now())
    rest = await batch.rate_all(work, pack=PACK, actor="system", now=clock.utc_now(), progress=seen.append)
    again = await batch.rate_all(work, pack=PACK, actor="system", now=clock.utc_now())

    assert (first, rest, again, seen) == (10, 20, 0, [30])
    for row in await db.fetch("select id from enterprise_rating"):
        assert await life.recomputes(row["id"])
    assert await db.fetch_value("select count(*) from rating_step") == 30
