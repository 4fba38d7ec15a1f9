"""Enterprises and their ratings: what everybody sees, what a verified delegate sees and does, signed statements."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter

from api.actors import Actor
from api.idempotency import IdempotencyKey, once
from domain.disclosure import reading
from domain.disclosure.datasets.enterprise_ratings import ENTERPRISE_RATINGS
from domain.disclosure.datasets.penalties import PENALTIES
from domain.disclosure.reading import Question
from domain.enterprises import delegates, evidence, matters, own_rating, rule_packs, statements
from domain.enterprises.delegates import Delegation
from domain.enterprises.evidence import FILE_BYTES_MAX, FILES_PER_MATTER_MAX, EvidenceFile
from domain.enterprises.own_rating import OwnRating
from domain.enterprises.rule_packs import RulePack
from domain.enterprises.statements import PublicKey
from domain.kernel import clock, database
from domain.kernel.credit_code import normal_form
from domain.kernel.errors import NotFound

Code = Annotated[str, PathParameter(max_length=20, description="Unified social credit code")]
AsOf = Annotated[date | None, QueryParameter(description="Default: today")]
Sentence = Annotated[str, msgspec.Meta(min_length=2, max_length=2_000)]
FileName = Annotated[str, QueryParameter(max_length=120, description="The file's name, for people")]


class RegisterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody sees of an enterprise."""

    rating: dict[str, Any]
    measures: list[dict[str, str]]
    penalties: list[dict[str, Any]]


class PackFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A rule pack, and what no source confirms in it."""

    fingerprint: str
    unconfirmed: list[str]
    pack: RulePack


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A signed statement (compact JWS, EdDSA)."""

    statement: str


class StatementText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The statement to check."""

    statement: Annotated[str, msgspec.Meta(min_length=20, max_length=4_000)]


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """A genuine statement, and whether the register still says the same today."""

    claims: dict[str, Any]
    still_current: bool


class DelegateRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the account proves that it may act for the enterprise."""

    proof: Literal["letter", "legal_phone"]
    note: Annotated[
        str, msgspec.Meta(min_length=2, max_length=200, description="Number of the letter, or who confirms")
    ]


class MatterRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An objection, a reply or a request for repair."""

    kind: Literal["objection", "reply", "repair"]
    text: Sentence
    evidence: Annotated[
        list[UUID],
        msgspec.Meta(max_length=FILES_PER_MATTER_MAX, description="Files sent to `/rating/evidence` before"),
    ] = []


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The id of what was opened."""

    id: UUID


async def shown_entry(code: str, *, as_of: date | None = None) -> dict[str, Any]:
    """The register's entry; raises `NotFound`."""
    today = clock.local_day(clock.utc_now())
    chosen = as_of if as_of is not None and as_of != today else None
    question = Question(today=today, filters={"credit_code": normal_form(code)}, as_of=chosen)
    rows = await reading.page(ENTERPRISE_RATINGS, question, limit=1, after=None)
    if not rows:
        raise NotFound
    entry: dict[str, Any] = msgspec.json.decode(rows[0]["public_json"])
    return entry


@get("/v1/enterprises/rule-packs", opt={"audience": "public"}, tags=["enterprises"], summary="Rating methods")
async def packs() -> list[PackFacts]:
    """The rule packs with their indicators, weights, vetoes and measures; unconfirmed parts are named."""
    loaded = [rule_packs.load(pack_id) for pack_id in rule_packs.shipped()]
    return [
        PackFacts(fingerprint=rule_packs.fingerprint(pack), unconfirmed=list(rule_packs.unconfirmed(pack)), pack=pack)
        for pack in loaded
    ]


@get("/v1/enterprises/statement-keys", opt={"audience": "public"}, tags=["enterprises"], summary="Verification keys")
async def keys() -> dict[str, list[PublicKey]]:
    """The public keys of rating statements as a JSON Web Key Set."""
    return {"keys": statements.public_keys()}


@post(
    "/v1/enterprises/statements/verify",
    opt={"audience": "public"},
    tags=["enterprises"],
    summary="Check a statement",
    status_code=200,
)
async def verify(data: JSONBody[StatementText]) -> Verified:
    """Says whether the statement is genuine, and whether the register still says the same today."""
    claims = statements.verify(data.statement)
    try:
        entry = await shown_entry(claims["sub"])
    except NotFound:
        return Verified(claims=claims, still_current=False)
    same = all(entry.get(name) == claims["rating"].get(name) for name in ("year", "grade", "stage"))
    return Verified(claims=claims, still_current=same)


@get("/v1/enterprises/{code:str}", opt={"audience": "public"}, tags=["enterprises"], summary="An enterprise in public")
async def entry_of(code: Code) -> RegisterEntry:
    """Grade, date, basis and bureau, what follows from the grade, and the penalties shown today."""
    entry = await shown_entry(code)
    question = Question(today=clock.local_day(clock.utc_now()), filters={"credit_code": normal_form(code)})
    penalties = await reading.page(PENALTIES, question, limit=50, after=None)
    grade = next((g for g in rule_packs.load("national-2013").grades if g.code == entry["grade"]), None)
    return RegisterEntry(
        rating=entry,
        measures=[{"zh": measure.zh, "en": measure.en} for measure in (grade.measures if grade else ())],
        penalties=[msgspec.json.decode(row["public_json"]) for row in penalties],
    )


@get(
    "/v1/enterprises/{code:str}/statement", opt={"audience": "public"}, tags=["enterprises"], summary="Signed statement"
)
async def statement(code: Code, as_of: AsOf = None) -> Statement:
    """What the register showed on a day, signed; check it at `/v1/enterprises/statements/verify` or with the keys."""
    now = clock.utc_now()
    day = as_of or clock.local_day(now)
    entry = await shown_entry(code, as_of=day)
    return Statement(statement=statements.sign(entry, as_of=day, now=now))


@post(
    "/v1/enterprises/{code:str}/delegates",
    opt={"audience": "resident"},
    tags=["enterprises"],
    summary="Ask to act for an enterprise",
)
async def ask(
    request: Request[Any, Any, Any],
    resident: NamedDependency[Actor],
    key: IdempotencyKey,
    code: Code,
    data: JSONBody[DelegateRequest],
) -> Response[Opened]:
    """An officer verifies the letter or calls the legal person; several accounts may act for one enterprise."""
    now = clock.utc_now()

    async def work() -> Opened:
        made = await delegates.ask(normal_form(code), account=resident.id, proof=data.proof, note=data.note, now=now)
        return Opened(id=made)

    async with database.transaction():
        return await once(request, actor=resident, key=key, now=now, work=work)


@get("/v1/me/enterprises", opt={"audience": "resident"}, tags=["enterprises"], summary="Enterprises I act for")
async def mine(resident: NamedDependency[Actor]) -> list[Delegation]:
    """My delegations and their state."""
    return await delegates.of_account(resident.id)


@delete(
    "/v1/me/enterprises/{delegation:uuid}", opt={"audience": "resident"}, tags=["enterprises"], summary="Stop acting"
)
async def leave(resident: NamedDependency[Actor], delegation: FromPath[UUID]) -> None:
    """Ends my own delegation."""
    async with database.transaction():
        await delegates.revoke(delegation, by="delegate", now=clock.utc_now(), account=resident.id)


@get(
    "/v1/enterprises/{code:str}/rating",
    opt={"audience": "resident"},
    tags=["enterprises"],
    summary="My enterprise's rating, explained",
)
async def own(resident: NamedDependency[Actor], code: Code) -> OwnRating:
    """Every indicator with points, document and expiry, what repair would change, deadlines and matters."""
    enterprise = await delegates.require(normal_form(code), account=resident.id)
    return await own_rating.latest(enterprise["id"], today=clock.local_day(clock.utc_now()))


@post(
    "/v1/enterprises/{code:str}/rating/evidence",
    opt={"audience": "resident"},
    tags=["enterprises"],
    summary="Send evidence",
    request_max_body_size=FILE_BYTES_MAX,
)
async def send_evidence(
    request: Request[Any, Any, Any], resident: NamedDependency[Actor], code: Code, name: FileName = "evidence"
) -> EvidenceFile:
    """The body is the file: PDF, JPEG, PNG or HEIC, at most 10 MB. It is sealed as it is and never opened here.

    The same file again gives the same id. Name it in an objection, a reply or a request for repair within 7 days.
    """
    enterprise = await delegates.require(normal_form(code), account=resident.id)
    content = await request.body()
    async with database.transaction():
        return await evidence.send(
            enterprise["id"], content=content, name=name, account=resident.id, now=clock.utc_now()
        )


@post(
    "/v1/enterprises/{code:str}/rating/matters",
    opt={"audience": "resident"},
    tags=["enterprises"],
    summary="Object, reply, ask for repair",
)
async def open_matter(
    request: Request[Any, Any, Any],
    resident: NamedDependency[Actor],
    key: IdempotencyKey,
    code: Code,
    data: JSONBody[MatterRequest],
) -> Response[Opened]:
    """Opens a case of its own with a clock in working days; the answer appears with the rating."""
    now = clock.utc_now()

    async def work() -> Opened:
        enterprise = await delegates.require(normal_form(code), account=resident.id)
        rating = await own_rating.latest(enterprise["id"], today=clock.local_day(now))
        made = await matters.open_matter(
            rating.id, kind=data.kind, text=data.text, files=data.evidence, account=resident.id, now=now
        )
        return Opened(id=made)

    async with database.transaction():
        return await once(request, actor=resident, key=key, now=now, work=work)


ROUTES = [packs, keys, verify, entry_of, statement, ask, mine, leave, own, send_evidence, open_matter]
