"""The resident's green credit: balances and the statement."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from api.actors import Actor
from api.pages import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, encode_cursor
from domain.kernel.errors import Text
from rewards import statements
from rewards.behaviours import BEHAVIOURS

KINDS: dict[str, Text] = {
    "earn": Text("获得", "Earned"),
    "spend": Text("使用", "Spent"),
    "expire": Text("过期", "Expired"),
    "reverse": Text("冲正", "Taken back or refunded"),
    "lend": Text("垫付", "Advanced against a debt"),
    "repay": Text("偿还", "Repaid"),
    "grant": Text("人工发放", "Granted by the office"),
    "gift": Text("赠予团队", "Given to a team"),
    "sponsor": Text("赞助发放", "From a sponsor"),
}


class Pot(msgspec.Struct, frozen=True, kw_only=True):
    """One unit: points, milligrams of CO2e, or minutes of service."""

    unit: Literal["points", "carbon", "minutes"]
    balance: int
    held: int
    available: int
    debt: int


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """All pots, and what lapses first if nothing is spent."""

    pots: list[Pot]
    expiring_points: int
    expiring_after: date | None


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """One movement; `amount` is signed and `balance` stands after it."""

    transfer: int
    kind: str
    title_zh: str
    title_en: str
    amount: int
    balance: int
    occurred_at: datetime
    posted_at: datetime
    rule: str | None
    evidence: UUID | None
    reverses: int | None


@get("/v1/points", opt={"audience": "resident"}, tags=["points"], summary="My balances")
async def balances(resident: NamedDependency[Actor]) -> Points:
    """Points, carbon and service minutes. Participation is voluntary: no service depends on them."""
    pots = await statements.balances(resident.id)
    lapse = await statements.next_to_expire(resident.id)
    return Points(
        pots=[Pot(unit=p.unit, balance=p.balance, held=p.held, available=p.available, debt=p.debt) for p in pots],
        expiring_points=lapse.points if lapse else 0,
        expiring_after=lapse.last_day if lapse else None,
    )


@get("/v1/points/statement", opt={"audience": "resident"}, tags=["points"], summary="My movements")
async def statement(
    resident: NamedDependency[Actor],
    unit: FromQuery[Literal["points", "carbon", "minutes"]] = "points",
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[StatementLine]:
    """Newest first, every movement with the balance after it."""
    key = decode_cursor(cursor, tuple[int])
    rows = await statements.statement(resident.id, unit=unit, before=key[0] if key else None, limit=limit + 1)
    more = encode_cursor(rows[limit - 1].transfer) if len(rows) > limit else None
    return Page(items=[wire(row) for row in rows[:limit]], next=more)


def wire(line: statements.Line) -> StatementLine:
    """A movement with its title in both languages: the behaviour's where one earned it."""
    code = (line.rule or "").split("@")[0]
    title = BEHAVIOURS[code].title if line.kind == "earn" and code in BEHAVIOURS else KINDS.get(line.kind)
    return StatementLine(
        transfer=line.transfer,
        kind=line.kind,
        title_zh=title.zh if title else line.kind,
        title_en=title.en if title else line.kind,
        amount=line.amount,
        balance=line.balance,
        occurred_at=line.occurred_at,
        posted_at=line.posted_at,
        rule=line.rule,
        evidence=line.evidence,
        reverses=line.reverses,
    )


ROUTES = [balances, statement]
