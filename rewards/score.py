"""The personal green-credit score: voluntary, positive only, explained, and never shown to anybody else.

Version 1: the sum over four dimensions of weight x v / (v + half), where v is what verified awards of the last 365
days add up
to. Every term saturates, so cheap repeats add almost nothing; no lawful behaviour has a negative term.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import clock, database
from domain.kernel.errors import NotFound, Text
from rewards.behaviours import BEHAVIOURS

VERSION = 1
WINDOW = timedelta(days=365)
ROWS_MAX = 500


class Dimension(msgspec.Struct, frozen=True, kw_only=True):
    """One term: `weight` is its ceiling, `half` the value that reaches half of it."""

    code: str
    title: Text
    unit: str  # column of the award that is summed, or "times"
    fields: tuple[str, ...]
    weight: int
    half: int
    advice: Text


DIMENSIONS = (
    Dimension(
        code="low-carbon",
        title=Text("低碳生活", "Low-carbon living"),
        unit="milligrams",
        fields=("travel", "energy", "recycling", "food", "office", "nature"),
        weight=400,
        half=50_000_000,
        advice=Text("多乘公交、地铁或骑行", "Ride the bus, the metro or a bike"),
    ),
    Dimension(
        code="volunteering",
        title=Text("志愿服务", "Volunteering"),
        unit="minutes",
        fields=("volunteering",),
        weight=300,
        half=600,
        advice=Text("参加一次志愿活动或巡河", "Join an activity or a river patrol"),
    ),
    Dimension(
        code="reporting",
        title=Text("参与监督", "Taking part in supervision"),
        unit="times",
        fields=("reporting",),
        weight=200,
        half=3,
        advice=Text("发现污染时如实举报", "Report pollution truthfully when you see it"),
    ),
    Dimension(
        code="community",
        title=Text("社区参与", "Community"),
        unit="times",
        fields=("community",),
        weight=100,
        half=3,
        advice=Text("邀请邻居一起参加", "Invite a neighbour to take part"),
    ),
)


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A dimension's part of the score, with the awards behind it."""

    code: str
    title_zh: str
    title_en: str
    value: int
    unit: str
    points: str  # two decimals
    ceiling: int
    awards: list[UUID]
    advice_zh: str
    advice_en: str


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The whole score, 0 to 1000. `inputs_hash` is equal when it is recomputed from the same awards."""

    version: int
    score: int
    until_day: date
    inputs_hash: str
    terms: list[Term]


def saturating(value: int, *, weight: int, half: int) -> Decimal:
    """Weight x value / (value + half)."""
    return Decimal(weight) * value / (value + half)


def compute(awards: Sequence[Mapping[str, Any]], *, until_day: date) -> Score:
    """The score of these awards (id, behaviour, milligrams, minutes), each counted once."""
    terms, total = [], Decimal(0)
    for dimension in DIMENSIONS:
        mine = [a for a in awards if BEHAVIOURS[a["behaviour"]].field in dimension.fields]
        value = len(mine) if dimension.unit == "times" else sum(a[dimension.unit] for a in mine)
        part = saturating(value, weight=dimension.weight, half=dimension.half)
        total += part
        terms.append(_term(dimension, value=value, part=part, awards=[a["id"] for a in mine]))
    told = sorted((str(a["id"]), a["milligrams"], a["minutes"]) for a in awards)
    return Score(
        version=VERSION,
        score=int(total.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)),
        until_day=until_day,
        inputs_hash=hashlib.sha256(repr((VERSION, until_day, told)).encode()).hexdigest(),
        terms=terms,
    )


def _term(dimension: Dimension, *, value: int, part: Decimal, awards: list[UUID]) -> Term:
    return Term(
        code=dimension.code,
        title_zh=dimension.title.zh,
        title_en=dimension.title.en,
        value=value,
        unit=dimension.unit,
        points=str(part.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)),
        ceiling=dimension.weight,
        awards=awards[:ROWS_MAX],
        advice_zh=dimension.advice.zh,
        advice_en=dimension.advice.en,
    )


async def join(account: UUID, *, now: datetime) -> None:
    """The resident wants a score."""
    await database.execute(
        "insert into score_member (id, joined_at) values ($1, $2) on conflict (id) do nothing", account, now
    )


async def leave(account: UUID) -> None:
    """Leaves and erases, appeals included."""
    await database.execute("delete from score_appeal where account = $1", account)
    await database.execute("delete from score_member where id = $1", account)


async def of(account: UUID, *, now: datetime) -> Score:
    """The score up to yesterday, computed afresh and stored; raises `NotFound` for who has not joined."""
    until = clock.local_day(now) - timedelta(days=1)
    if not await database.fetch_value("select true from score_member where id = $1", account):
        raise NotFound
    score = compute(await awards_of(account, until_day=until), until_day=until)
    await database.execute(
        "update score_member set version = $2, score = $3, inputs_hash = $4, computed_at = $5, until_day = $6 where"
        " id = $1",
        account,
        score.version,
        score.score,
        bytes.fromhex(score.inputs_hash),
        now,
        until,
    )
    return score


async def awards_of(account: UUID, *, until_day: date) -> list[dict[str, Any]]:
    """The standing awards of the window that ends with `until_day`."""
    rows = await database.fetch(
        "select a.id, a.behaviour, a.milligrams, a.minutes from reward_award a join reward_claim c on c.id = a.claim"
        " where a.account = $1 and c.state = 'awarded' and a.day > $2 and a.day <= $3 order by a.id",
        account,
        until_day - WINDOW,
        until_day,
    )
    return [dict(row) for row in rows]
