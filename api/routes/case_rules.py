"""The data that clocks follow, and the switch of the case platform."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor, require_role
from domain.cases import limits, peers, rules
from domain.cases.clocks import Limit, Node, Unit
from domain.cases.reconciling import Run, latest_runs
from domain.kernel import clock, database
from domain.kernel.clock import local_day
from domain.kernel.errors import Invalid, NotFound, Text

TAGS = ["Case rules"]
OPERATOR = {"audience": "operator"}
AMOUNT_MAX = 365
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class LimitGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit that holds from a day on. Left out means any."""

    id: Annotated[str, msgspec.Meta(pattern="^[a-z0-9-]{3,60}$")]
    node: Node
    amount: Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MAX)]
    unit: Unit
    valid_from: date
    source: Reason
    certainty: Literal["C", "U", "P"] = "P"
    region: Annotated[str, msgspec.Meta(max_length=40)] = ""
    channel: Annotated[str, msgspec.Meta(max_length=20)] = ""
    category: Annotated[str, msgspec.Meta(max_length=40, description="Prefix of the category code.")] = ""
    clock_class: Literal["", "urgent", "ordinary", "complex"] = ""


class LastDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The last day on which it holds."""

    last_day: date


class DayGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a day counts."""

    works: bool
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=200, description="The notice that says so.")]


class ReceiverGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is warned. An empty unit means every unit."""

    role: Literal["handler", "supervisor", "oversight"]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80, description="A function or an officer's name.")]
    unit: Annotated[str, msgspec.Meta(max_length=60)] = ""
    operator: UUID | None = None


class Filed(msgspec.Struct, frozen=True):
    """The id of what was filed."""

    id: UUID


class Switch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On or off, with the reason."""

    on: bool
    reason: Reason


class PlatformState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the platform is called, and the latest comparisons with it."""

    off_because: str | None
    cursor: str
    runs: list[Run]


@get("/v1/clock-limits", opt={"audience": "public"}, tags=TAGS, summary="The limits of every node")
async def all_limits() -> list[Limit]:
    """How long each node may take, in force from when to when, from which source, how certain."""
    return await limits.load()


@post("/v1/operator/clock-limits", opt=OPERATOR, tags=TAGS, summary="Add a limit", status_code=204)
async def add_limit(data: JSONBody[LimitGiven], operator: NamedDependency[Actor]) -> None:
    """Limits are never rewritten: end the old one, add a new one. Every open clock follows within a minute."""
    require_role(operator, "reviewer", "administrator")
    chosen = rules.NewLimit(**msgspec.structs.asdict(data))
    async with database.transaction():
        await rules.add_limit(chosen, by=operator.principal, now=clock.utc_now())


@post("/v1/operator/clock-limits/{limit_id:str}/end", opt=OPERATOR, tags=TAGS, summary="End a limit", status_code=204)
async def end_limit(limit_id: FromPath[str], data: JSONBody[LastDay], operator: NamedDependency[Actor]) -> None:
    """Clocks that started until the last day keep it."""
    require_role(operator, "reviewer", "administrator")
    async with database.transaction():
        if not await rules.end_limit(limit_id, last_day=data.last_day, by=operator.principal, now=clock.utc_now()):
            raise NotFound


@put("/v1/operator/calendar/{day:str}", opt=OPERATOR, tags=TAGS, summary="Set how a day counts", status_code=204)
async def set_day(day: FromPath[str], data: JSONBody[DayGiven], operator: NamedDependency[Actor]) -> None:
    """A correction moves every clock that counts the day; warnings that fired stay as history."""
    require_role(operator, "reviewer", "administrator")
    try:
        chosen = date.fromisoformat(day)
    except ValueError as error:
        raise Invalid(Text("日期格式为 2027-01-01", "a day is written 2027-01-01"), field="day") from error
    async with database.transaction():
        await rules.set_day(chosen, works=data.works, source=data.source, by=operator.principal, now=clock.utc_now())


@post("/v1/operator/warning-receivers", opt=OPERATOR, tags=TAGS, summary="Name a receiver of warnings")
async def add_receiver(data: JSONBody[ReceiverGiven], operator: NamedDependency[Actor]) -> Filed:
    """Handlers and supervisors hear of amber and red, the oversight role of red."""
    require_role(operator, "reviewer", "administrator")
    now = clock.utc_now()
    async with database.transaction():
        filed = await rules.add_receiver(
            unit=data.unit,
            role=data.role,
            name=data.name,
            operator=data.operator,
            valid_from=local_day(now),
            by=operator.principal,
            now=now,
        )
    return Filed(filed)


@post(
    "/v1/operator/warning-receivers/{receiver_id:uuid}/end",
    opt=OPERATOR,
    tags=TAGS,
    summary="End a receiver",
    status_code=204,
)
async def end_receiver(receiver_id: FromPath[UUID], operator: NamedDependency[Actor]) -> None:
    """Not warned from today on."""
    require_role(operator, "reviewer", "administrator")
    now = clock.utc_now()
    async with database.transaction():
        if not await rules.end_receiver(receiver_id, today=local_day(now), by=operator.principal, now=now):
            raise NotFound


@get("/v1/operator/case-platform", opt=OPERATOR, tags=TAGS, summary="The connection to the case platform")
async def platform(operator: NamedDependency[Actor]) -> PlatformState:
    """Whether it is switched on, how far its updates were pulled, what the latest comparisons found."""
    return PlatformState(
        off_because=await peers.disabled(peers.PLATFORM),
        cursor=await peers.cursor(peers.PLATFORM),
        runs=await latest_runs(),
    )


@post("/v1/operator/case-platform/switch", opt=OPERATOR, tags=TAGS, summary="Switch the platform", status_code=204)
async def switch(data: JSONBody[Switch], operator: NamedDependency[Actor]) -> None:
    """Off: messages become dead letters. On: new ones are sent; dead ones are replayed apart."""
    require_role(operator, "administrator", "reviewer")
    now = clock.utc_now()
    async with database.transaction():
        if data.on:
            await peers.enable(peers.PLATFORM, by=operator.principal, now=now)
        else:
            await peers.disable(peers.PLATFORM, why=data.reason, by=operator.principal, now=now)


ROUTES = [
    all_limits,
    add_limit,
    end_limit,
    set_day,
    add_receiver,
    end_receiver,
    platform,
    switch,
]
