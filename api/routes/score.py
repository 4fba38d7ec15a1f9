"""The personal score, for its owner only."""

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency

from api.actors import Actor
from domain.kernel import clock, database
from rewards import score
from rewards.score import DIMENSIONS, VERSION, Score

RESIDENT = {"audience": "resident"}
TAGS = ["score"]


class DimensionShown(msgspec.Struct, frozen=True, kw_only=True):
    """One public term: weight x value / (value + half)."""

    code: str
    title_zh: str
    title_en: str
    unit: str
    fields: list[str]
    weight: int
    half: int


class FormulaShown(msgspec.Struct, frozen=True, kw_only=True):
    """The published formula of a version."""

    version: int
    formula: str
    dimensions: list[DimensionShown]


@get("/v1/score/formula", opt={"audience": "public"}, tags=TAGS, summary="The score's formula")
async def read_formula() -> FormulaShown:
    """Voluntary, positive only, saturating; the same for everybody."""
    return FormulaShown(
        version=VERSION,
        formula="sum of weight * value / (value + half) over verified awards of the last 365 days",
        dimensions=[
            DimensionShown(
                code=d.code,
                title_zh=d.title.zh,
                title_en=d.title.en,
                unit=d.unit,
                fields=list(d.fields),
                weight=d.weight,
                half=d.half,
            )
            for d in DIMENSIONS
        ],
    )


@post("/v1/me/score", opt=RESIDENT, tags=TAGS, summary="Start a score", status_code=200)
async def join(resident: NamedDependency[Actor]) -> Score:
    """Voluntary; no service depends on it."""
    now = clock.utc_now()
    async with database.transaction():
        await score.join(resident.id, now=now)
        return await score.of(resident.id, now=now)


@get("/v1/me/score", opt=RESIDENT, tags=TAGS, summary="My score")
async def read(resident: NamedDependency[Actor]) -> Score:
    """Every term with the awards behind it and what would raise it; refused claims are appealed under /v1/claims."""
    async with database.transaction():
        return await score.of(resident.id, now=clock.utc_now())


@delete("/v1/me/score", opt=RESIDENT, tags=TAGS, summary="Leave and erase")
async def leave(resident: NamedDependency[Actor]) -> None:
    """At once; nothing stays."""
    async with database.transaction():
        await score.leave(resident.id)


ROUTES = [read_formula, join, read, leave]
