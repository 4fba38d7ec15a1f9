"""The officers' side of enterprise ratings: registering, computing, steps, delegates, answers."""

from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter

from api.actors import Actor, require_role
from domain.enterprises import delegates, enterprises, evidence, life, matters, rule_packs
from domain.enterprises.delegates import Delegation
from domain.enterprises.enterprises import NewEnterprise
from domain.enterprises.life import Stage, Step
from domain.enterprises.matters import Matter
from domain.enterprises.rating import Inputs, Rating
from domain.kernel import clock, database
from domain.kernel.credit_code import normal_form
from domain.kernel.errors import NotFound

BASE = "/v1/operator/enterprises"
CLERKS = ("clerk", "reviewer")
DECIDED_BY_REVIEWER = frozenset({Stage.FINAL, Stage.PUBLISHED, Stage.ADJUSTED, Stage.REPAIRED, Stage.EXPIRED})
Code = Annotated[str, PathParameter(max_length=20, description="Unified social credit code")]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Sentence = Annotated[str, msgspec.Meta(min_length=2, max_length=400)]
Degrees = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class EnterpriseRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An enterprise as the bureau knows it."""

    credit_code: Annotated[str, msgspec.Meta(min_length=18, max_length=20)]
    name: Short
    industry: Short | None = None
    town: Short | None = None
    lng: Degrees | None = None
    lat: Degrees | None = None
    legal_phone: (
        Annotated[str, msgspec.Meta(max_length=32, description="The legal person's; kept as a hash")] | None
    ) = None


class MarkRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The score of one indicator; without a score it does not apply."""

    indicator: Annotated[str, msgspec.Meta(max_length=40)]
    document: Short
    score: Annotated[str, msgspec.Meta(pattern=r"^(100|[0-9]{1,2})(\.[0-9]{1,2})?$", max_length=6)] | None = None


class FactRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A veto or a bonus item with the document behind it."""

    code: Annotated[str, msgspec.Meta(max_length=20)]
    document: Short


class RatingRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The inputs of a year's rating."""

    pack: Annotated[str, msgspec.Meta(max_length=60)]
    year: Annotated[int, msgspec.Meta(ge=2000, le=2100)]
    marks: Annotated[list[MarkRequest], msgspec.Meta(max_length=60)]
    vetoes: Annotated[list[FactRequest], msgspec.Meta(max_length=20)] = []
    bonus: Annotated[list[FactRequest], msgspec.Meta(max_length=20)] = []


class Computed(msgspec.Struct, frozen=True, kw_only=True):
    """A preliminary rating."""

    id: UUID
    rating: Rating


class StepRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A transition and its basis. A grade or an event is given only for adjustments, a grade also for repairs."""

    stage: Literal[
        "fed_back", "publicised", "rechecking", "final", "published", "adjusted", "repaired", "expired", "preliminary"
    ]
    basis: Short
    grade: Annotated[str, msgspec.Meta(max_length=10)] | None = None
    event: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    reason: Sentence | None = None


class DecisionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Verified or declined."""

    accept: bool


class AnswerRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bureau's answer to a matter; `grade` when a repair is upheld and changes it."""

    outcome: Literal["upheld", "declined"]
    answer: Annotated[str, msgspec.Meta(min_length=2, max_length=2_000)]
    grade: Annotated[str, msgspec.Meta(max_length=10)] | None = None


@post(BASE, opt={"audience": "operator"}, tags=["operator"], summary="Register an enterprise")
async def register(operator: NamedDependency[Actor], data: JSONBody[EnterpriseRequest]) -> dict[str, UUID]:
    """Adds or updates an enterprise by its credit code (both check characters are checked)."""
    require_role(operator, *CLERKS)
    new = msgspec.convert(msgspec.structs.asdict(data), NewEnterprise)
    async with database.transaction():
        return {"id": await enterprises.register(new, now=clock.utc_now())}


@post(f"{BASE}/{{code:str}}/ratings", opt={"audience": "operator"}, tags=["operator"], summary="Compute a rating")
async def compute(operator: NamedDependency[Actor], code: Code, data: JSONBody[RatingRequest]) -> Computed:
    """A preliminary rating from its inputs; earlier years are looked up. Computing again replaces a preliminary one."""
    require_role(operator, *CLERKS)
    if data.pack not in rule_packs.shipped():
        raise NotFound
    now = clock.utc_now()
    async with database.transaction():
        enterprise = await enterprises.by_code(code)
        inputs = msgspec.convert(
            {
                "credit_code": normal_form(code),
                "year": data.year,
                "marks": [msgspec.structs.asdict(mark) for mark in data.marks],
                "vetoes": [msgspec.structs.asdict(fact) for fact in data.vetoes],
                "bonus": [msgspec.structs.asdict(fact) for fact in data.bonus],
                "history": await life.history_of(enterprise["id"], before=data.year),
            },
            Inputs,
        )
        rating_id, result = await life.compute(
            enterprise["id"], inputs=inputs, pack=rule_packs.load(data.pack), actor=operator.principal, now=now
        )
    return Computed(id=rating_id, rating=result)


@post(
    f"{BASE}/ratings/{{rating:uuid}}/steps",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="Next stage of a rating",
    status_code=204,
)
async def step(operator: NamedDependency[Actor], rating: FromPath[UUID], data: JSONBody[StepRequest]) -> None:
    """One transition; final, published, adjusted, repaired and expired are for reviewers."""
    stage = Stage(data.stage)
    require_role(operator, *(("reviewer",) if stage in DECIDED_BY_REVIEWER else CLERKS))
    asked = Step(
        stage=stage,
        actor=operator.principal,
        basis=data.basis,
        at=clock.utc_now(),
        grade=data.grade,
        event=data.event,
        reason=data.reason,
    )
    async with database.transaction():
        await life.take(rating, asked)


@get(f"{BASE}/delegates", opt={"audience": "operator"}, tags=["operator"], summary="Delegates to verify")
async def waiting_delegates() -> list[Delegation]:
    """Requests to act for an enterprise, oldest first."""
    return await delegates.waiting()


@post(
    f"{BASE}/delegates/{{delegation:uuid}}/decide",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="Verify or decline a delegate",
    status_code=204,
)
async def decide(operator: NamedDependency[Actor], delegation: FromPath[UUID], data: JSONBody[DecisionRequest]) -> None:
    """Decides once."""
    require_role(operator, *CLERKS)
    async with database.transaction():
        await delegates.decide(delegation, accept=data.accept, operator=operator.id, now=clock.utc_now())


@post(
    f"{BASE}/delegates/{{delegation:uuid}}/revoke",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="Revoke a delegate",
    status_code=204,
)
async def revoke(operator: NamedDependency[Actor], delegation: FromPath[UUID]) -> None:
    """Ends a delegation at once."""
    require_role(operator, *CLERKS)
    async with database.transaction():
        await delegates.revoke(delegation, by=operator.principal, now=clock.utc_now())


@get(f"{BASE}/matters", opt={"audience": "operator"}, tags=["operator"], summary="Objections, replies, repairs")
async def waiting_matters() -> list[Matter]:
    """Open matters, the most urgent first, with their light."""
    return await matters.waiting(today=clock.local_day(clock.utc_now()))


@get(f"{BASE}/evidence/{{file_id:uuid}}", opt={"audience": "operator"}, tags=["operator"], summary="Open evidence")
async def open_evidence(operator: NamedDependency[Actor], file_id: FromPath[UUID]) -> Response[bytes]:
    """The file as it came, as an attachment: nobody has looked inside. The look is recorded."""
    require_role(operator, *CLERKS)
    async with database.transaction():
        file, content = await evidence.opened(file_id, by=operator.principal, now=clock.utc_now())
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


@post(
    f"{BASE}/matters/{{matter:uuid}}/answer",
    opt={"audience": "operator"},
    tags=["operator"],
    summary="Answer a matter",
    status_code=204,
)
async def answer(operator: NamedDependency[Actor], matter: FromPath[UUID], data: JSONBody[AnswerRequest]) -> None:
    """Answers once; an upheld repair repairs the rating."""
    require_role(operator, "reviewer")
    async with database.transaction():
        await matters.answer(
            matter,
            outcome=data.outcome,
            text=data.answer,
            operator=operator.id,
            now=clock.utc_now(),
            grade=data.grade,
        )


ROUTES = [register, compute, step, waiting_delegates, decide, revoke, waiting_matters, open_evidence, answer]
