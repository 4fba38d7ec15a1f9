"""Officers try a rule change on history before it is released."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from rewards import dry_run
from rewards.dry_run import Candidate, DryRun
from rewards.formula import CHARS_MAX

Formula = Annotated[str, msgspec.Meta(max_length=CHARS_MAX)]
Value = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$")]


class RuleChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other formulas or factor values, and the days of history to try them on."""

    from_day: date
    to_day: date
    grams: Formula | None = None
    points: Formula | None = None
    factors: Annotated[dict[str, Value], msgspec.Meta(max_length=10)] = {}


@post(
    "/v1/operator/behaviours/{code:str}/dry-run",
    opt={"audience": "operator"},
    tags=["green credit"],
    summary="Try a rule change on history",
    status_code=200,
)
async def try_change(code: FromPath[str], data: JSONBody[RuleChange], operator: NamedDependency[Actor]) -> DryRun:
    """Who would gain and who would lose. Nothing is posted; releasing means a new method version in the code."""
    change = Candidate(
        grams=data.grams,
        points=data.points,
        factors={name: Decimal(value) for name, value in data.factors.items()},
    )
    return await dry_run.run(code, change, from_day=data.from_day, to_day=data.to_day)


ROUTES = [try_change]
