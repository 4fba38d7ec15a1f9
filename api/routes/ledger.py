"""The ledger in public: its key, the signed statement of each day, and a resident's proof for a row of theirs."""

from datetime import date

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.actors import Actor
from api.pages import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, encode_cursor
from domain.kernel import database
from rewards import publishing, sealing
from rewards.publishing import Proof


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """The Ed25519 public key in hex; keep it from a source you trust."""

    algorithm: str
    public_key: str


class SignedDay(msgspec.Struct, frozen=True, kw_only=True):
    """The exact signed text (JSON) and its Ed25519 signature in hex."""

    day: date
    statement: str
    signature: str


@get("/v1/ledger/key", opt={"audience": "public"}, tags=["ledger"], summary="The ledger's public key")
async def read_key() -> Key:
    """What checks every block and daily statement."""
    return Key(algorithm="Ed25519", public_key=sealing.public_key().hex())


@get("/v1/ledger/days", opt={"audience": "public"}, tags=["ledger"], summary="Published days")
async def list_days(limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None) -> Page[SignedDay]:
    """Signed statements, newest first. Small groups are hidden in "other"; unconfirmed factors are flagged."""
    key = decode_cursor(cursor, tuple[date])
    rows = await database.fetch(
        "select id, statement, signature from ledger_day where $1::date is null or id < $1 order by id desc limit $2",
        key[0] if key else None,
        limit + 1,
    )
    items = [SignedDay(day=r["id"], statement=r["statement"], signature=r["signature"].hex()) for r in rows[:limit]]
    return Page(items=items, next=encode_cursor(items[-1].day) if len(rows) > limit else None)


@get("/v1/ledger/days/{day:date}", opt={"audience": "public"}, tags=["ledger"], summary="One published day")
async def read_day(day: FromPath[date]) -> SignedDay:
    """The signed statement of one day: the root over its blocks and the totals by rule."""
    statement, signature = await publishing.statement(day)
    return SignedDay(day=day, statement=statement, signature=signature.hex())


@get(
    "/v1/points/proofs/{transfer:int}",
    opt={"audience": "resident"},
    tags=["ledger"],
    summary="Proof that a movement of mine is in the ledger",
)
async def read_proof(transfer: FromPath[int], resident: NamedDependency[Actor]) -> Proof:
    """The row, its salt and its way to the block and the day; `docs/verify_ledger.py` checks it without this server."""
    return await publishing.proof(transfer, owner=resident.id)


ROUTES = [read_key, list_days, read_day, read_proof]
