"""Public: the green behaviours, their methods and factors, and anybody's recomputation of an award."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from domain.kernel.errors import NotFound
from rewards import behaviours, methods
from rewards.behaviour import Behaviour
from rewards.behaviours import BEHAVIOURS
from rewards.factors import FACTORS
from rewards.methods import GRAMS_PER_POINT, UNCONFIRMED, Factor, Method

Region = Literal["national", "north", "northeast", "east", "central", "northwest", "south", "southwest"]
Amount = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,6})?$", examples=["12.4"])]


class MethodShown(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable version: formula, inputs with bounds, factors it names."""

    version: int
    valid_from: date
    formula_grams: str | None
    formula_points: str | None
    inputs: dict[str, methods.Input]
    factors: list[str]
    note: str


class BehaviourShown(msgspec.Struct, frozen=True, kw_only=True):
    """A behaviour as published."""

    code: str
    title_zh: str
    title_en: str
    field: str
    proofs: list[str]
    caps: list[str]
    methods: list[MethodShown]


class FactorShown(msgspec.Struct, frozen=True, kw_only=True):
    """A factor with its source; `unconfirmed` ones are flagged in every public total."""

    code: str
    value: str
    unit: str
    region: str
    valid_from: date
    source: str
    source_year: int
    tag: str
    unconfirmed: bool


class Recomputation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was done, when and where."""

    inputs: Annotated[dict[str, Amount], msgspec.Meta(max_length=8)]
    day: date
    region: Region = "national"


class Recomputed(msgspec.Struct, frozen=True, kw_only=True):
    """Exact integers; `content_hash` equals the one on the award when nothing was changed."""

    milligrams: int
    points: int | None
    method_version: int
    content_hash: str
    unconfirmed: bool
    factors: list[FactorShown]


def shown(behaviour: Behaviour) -> BehaviourShown:
    """The wire form."""
    return BehaviourShown(
        code=behaviour.code,
        title_zh=behaviour.title.zh,
        title_en=behaviour.title.en,
        field=behaviour.field,
        proofs=list(behaviour.proofs),
        caps=[f"{cap.limit} {cap.of} / {cap.period}" for cap in behaviour.caps],
        methods=[shown_method(method) for method in behaviour.methods],
    )


def shown_method(method: Method) -> MethodShown:
    """The wire form."""
    return MethodShown(
        version=method.version,
        valid_from=method.valid_from,
        formula_grams=method.grams,
        formula_points=method.points,
        inputs=method.inputs,
        factors=list(method.factors),
        note=method.note,
    )


def shown_factor(factor: Factor) -> FactorShown:
    """The wire form."""
    fields = {name: getattr(factor, name) for name in Factor.__struct_fields__}
    return FactorShown(**fields, unconfirmed=factor.tag in UNCONFIRMED)


@get("/v1/behaviours", opt={"audience": "public"}, tags=["green credit"], summary="Green behaviours and their methods")
async def list_behaviours() -> list[BehaviourShown]:
    """Every behaviour with all method versions, bounds and caps."""
    return [shown(behaviour) for behaviour in BEHAVIOURS.values()]


@get("/v1/behaviours/{code:str}", opt={"audience": "public"}, tags=["green credit"], summary="One green behaviour")
async def read_behaviour(code: FromPath[str]) -> BehaviourShown:
    """One behaviour by its code."""
    return shown(behaviours.find(code))


@get("/v1/factors", opt={"audience": "public"}, tags=["green credit"], summary="Factors with their sources")
async def list_factors() -> list[FactorShown]:
    """The whole factor table. Unconfirmed ones wait for a source and are flagged in every public total."""
    return [shown_factor(factor) for factor in FACTORS]


@post(
    "/v1/behaviours/{code:str}/recompute",
    opt={"audience": "public"},
    tags=["green credit"],
    summary="Recompute an award",
    status_code=200,
)
async def recompute(code: FromPath[str], data: JSONBody[Recomputation]) -> Recomputed:
    """The same inputs, day and region give the same integers and hash as the award did. One point per 10 g of a day."""
    if code not in BEHAVIOURS:
        raise NotFound
    inputs = {name: Decimal(value) for name, value in data.inputs.items()}
    result = behaviours.result(BEHAVIOURS[code], inputs=inputs, day=data.day, region=data.region)
    return Recomputed(
        milligrams=result.milligrams,
        points=result.points,
        method_version=result.version,
        content_hash=result.content_hash,
        unconfirmed=result.unconfirmed,
        factors=[shown_factor(factor) for factor in result.factors],
    )


assert GRAMS_PER_POINT == 10  # noqa: PLR2004  the description above says so
ROUTES = [list_behaviours, read_behaviour, list_factors, recompute]
