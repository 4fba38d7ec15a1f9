"""An enterprise's own rating: every indicator with points, document and expiry, and what repair would change."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from domain.enterprises import life, matters, rule_packs
from domain.enterprises.matters import Matter
from domain.enterprises.rating import Inputs, Rating, WhatIf, what_if
from domain.enterprises.rule_packs import RulePack
from domain.kernel import database
from domain.kernel.errors import NotFound

HIDDEN_STAGES = ("collected", "preliminary")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One indicator of the explanation."""

    indicator: str
    name: str
    name_en: str
    category: str
    weight: Decimal
    score: Decimal | None
    points: Decimal
    document: str
    expires_on: date | None
    confirmed: bool


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One transition."""

    stage: str
    grade: str
    basis: str
    at: datetime
    reason: str | None


class OwnRating(msgspec.Struct, frozen=True, kw_only=True):
    """The whole rating, explained."""

    id: UUID
    year: int
    grade: str
    stage: str
    score: Decimal
    bonus_items: int
    reasons: list[dict[str, str]]
    pack: str
    pack_title: str
    pack_fingerprint: str
    unconfirmed_rules: list[str]
    lines: list[Line]
    what_if: list[WhatIf]
    objections_until: date | None
    steps: list[StepView]
    matters: list[Matter]
    recomputes: bool


async def latest(enterprise: UUID, *, today: date) -> OwnRating:
    """The latest rating that was fed back to the enterprise; raises `NotFound`."""
    row = await database.fetch_row(
        "select * from enterprise_rating where enterprise = $1 and stage <> all($2) order by year desc limit 1",
        enterprise,
        list(HIDDEN_STAGES),
    )
    if row is None:
        raise NotFound
    return await explained(row, today=today)


async def explained(row: Any, *, today: date) -> OwnRating:
    """A rating row with its explanation."""
    pack = rule_packs.load(row["pack"])
    result = msgspec.json.decode(row["result"], type=Rating)
    inputs = msgspec.json.decode(row["inputs"], type=Inputs)
    return OwnRating(
        id=row["id"],
        year=row["year"],
        grade=row["grade"],
        stage=row["stage"],
        score=result.score,
        bonus_items=result.bonus_items,
        reasons=[msgspec.to_builtins(reason) for reason in result.reasons],
        pack=pack.id,
        pack_title=pack.title.zh,
        pack_fingerprint=row["pack_fingerprint"],
        unconfirmed_rules=list(rule_packs.unconfirmed(pack)),
        lines=_lines(pack, result),
        what_if=list(what_if(inputs, pack=pack)),
        objections_until=row["objections_until"],
        steps=await _steps(row["id"]),
        matters=await matters.of_rating(row["id"], today=today),
        recomputes=await life.recomputes(row["id"]),
    )


def _lines(pack: RulePack, result: Rating) -> list[Line]:
    known = {indicator.code: indicator for indicator in pack.indicators}
    return [
        Line(
            indicator=points.indicator,
            name=known[points.indicator].name.zh,
            name_en=known[points.indicator].name.en,
            category=known[points.indicator].category,
            weight=points.weight,
            score=points.score,
            points=points.points,
            document=points.document,
            expires_on=points.expires_on,
            confirmed=known[points.indicator].confirmed,
        )
        for points in result.points
    ]


async def _steps(rating_id: UUID) -> list[StepView]:
    rows = await database.fetch("select * from rating_step where rating = $1 order by number", rating_id)
    return [
        StepView(
            stage=row["stage"],
            grade=row["grade"],
            basis=row["basis"],
            at=row["at"],
            reason=msgspec.json.decode(row["detail"]).get("reason"),
        )
        for row in rows
    ]
