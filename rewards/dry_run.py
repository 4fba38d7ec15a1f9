"""A rule change on last month's history first: who would gain, who would lose, and how much in all.

Nothing is posted. The candidate is a method that does not exist yet: other formulas or other values of its factors.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from statistics import median

import msgspec

from domain.kernel import database
from domain.kernel.errors import Invalid, Text
from rewards import behaviours, formula, methods
from rewards.factors import FACTORS
from rewards.methods import MG_PER_POINT, Factor, Method

AWARDS_MAX = 200_000


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What would be different; what is left out stays as it is."""

    grams: str | None = None
    points: str | None = None
    factors: Mapping[str, Decimal] = {}


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """The effect on the awards of the period, before caps."""

    awards: int
    people: int
    gain: int  # people whose sum rises
    lose: int
    same: int
    milligrams_before: int
    milligrams_after: int
    points_before: int
    points_after: int
    median_change_points: float  # over the people concerned


def candidate_of(current: Method, change: Candidate) -> Method:
    """The method with the change; raises `Invalid` for a formula that is none or needs an unknown number."""
    new = msgspec.structs.replace(
        current,
        version=current.version + 1,
        grams=change.grams or current.grams,
        points=change.points or current.points,
    )
    for text in filter(None, (new.grams, new.points)):
        try:
            missing = formula.names(text) - set(new.inputs) - set(new.factors)
        except formula.FormulaBroken as error:
            raise Invalid(Text("公式无法解析", "The formula cannot be read"), field="grams") from error
        if missing:
            raise Invalid(Text(f"未知量：{missing}", f"unknown: {', '.join(sorted(missing))}"), field="grams")
    if unknown := set(change.factors) - set(new.factors):
        raise Invalid(Text(f"未知因子：{unknown}", f"unknown: {', '.join(sorted(unknown))}"), field="factors")
    return new


async def run(code: str, change: Candidate, *, from_day: date, to_day: date) -> DryRun:
    """Recomputes every standing award of the period under the candidate."""
    behaviour = behaviours.find(code)
    new = candidate_of(behaviour.methods[-1], change)
    rows = await database.fetch(
        "select a.account, a.inputs, a.region, a.day, a.computed_mg, a.points from reward_award a"
        " join reward_claim c on c.id = a.claim where a.behaviour = $1 and a.day between $2 and $3"
        " and c.state = 'awarded' limit $4",
        code,
        from_day,
        to_day,
        AWARDS_MAX,
    )
    sums: dict[object, list[int]] = {}  # account → mg and points before, mg and points after
    for row in rows:
        inputs = {name: Decimal(value) for name, value in msgspec.json.decode(row["inputs"]).items()}
        factors = [
            _changed(methods.factor_on(FACTORS, f, region=row["region"], day=row["day"]), change) for f in new.factors
        ]
        result = methods.compute(code, method=new, factors=factors, inputs=inputs)
        mine = sums.setdefault(row["account"], [0, 0, 0, 0])
        mine[0] += row["computed_mg"]
        mine[1] += row["points"]
        mine[2] += result.milligrams
        mine[3] += result.milligrams // MG_PER_POINT if result.points is None else result.points
    return _told(len(rows), list(sums.values()), by_points=new.points is not None)


def _changed(factor: Factor, change: Candidate) -> Factor:
    value = change.factors.get(factor.code)
    return factor if value is None else msgspec.structs.replace(factor, value=str(value), tag="P")


def _told(awards: int, people: list[list[int]], *, by_points: bool) -> DryRun:
    unit = 1 if by_points else 0
    changes = [mine[unit + 2] - mine[unit] for mine in people]
    return DryRun(
        awards=awards,
        people=len(people),
        gain=sum(change > 0 for change in changes),
        lose=sum(change < 0 for change in changes),
        same=sum(change == 0 for change in changes),
        milligrams_before=sum(mine[0] for mine in people),
        milligrams_after=sum(mine[2] for mine in people),
        points_before=sum(mine[1] for mine in people),
        points_after=sum(mine[3] for mine in people),
        median_change_points=float(median(mine[3] - mine[1] for mine in people)) if people else 0.0,
    )
