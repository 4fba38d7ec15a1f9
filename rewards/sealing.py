"""Sealing the ledger: blocks of settled rows with a Merkle root, chained and signed, off the write path.

A block holds the rows whose writing transaction lies in [from_xid, to_xid), where to_xid is the oldest transaction
still
running: a row that took its id early and committed late is never skipped, and nothing is written back into the rows.
Leaves are salted per row, so a published root reveals nothing; only the row's owner is given its salt.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.kernel import database, settings
from rewards import merkle

BLOCK_ROWS_MAX = 20_000  # a proof reads its block: a third of a second at most
_encode = msgspec.json.Encoder().encode
GENESIS = bytes(32)
SALT_BYTES = 16
COLUMNS = (
    "id, posted_at, occurred_at, key, kind, unit, debit, credit, amount, debit_after, credit_after,"
    " rule, evidence, reverses, xid"
)
SETTLED = f"select {COLUMNS} from ledger_transfer where xid >= $1 and xid < $2 order by id"
CUT = """
select least(pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
  (select max(xid) + 1 from (select xid from ledger_transfer
   where xid >= $1 and xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint order by xid limit $2) oldest))
"""
STORE = """
insert into ledger_block (id, from_xid, to_xid, rows, root, previous, hash, signature, sealed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8,
  greatest($9, (select (max(id) + 1)::timestamp at time zone 'Asia/Shanghai' from ledger_day)))
"""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a block's hash covers, as published."""

    block: int
    from_xid: int
    to_xid: int
    rows: int
    root: str
    previous: str


@lru_cache(maxsize=4)
def _keys(secret: str) -> tuple[Ed25519PrivateKey, bytes]:
    """The signing key and the salting key of one secret."""
    seed = hmac.digest(secret.encode(), b"ledger-signing", "sha256")
    return Ed25519PrivateKey.from_private_bytes(seed), hmac.digest(secret.encode(), b"ledger-salting", "sha256")


def signing_key() -> Ed25519PrivateKey:
    """The house's signing key, for badges; it never leaves the process."""
    return _keys(settings.current().ledger_secret)[0]


def public_key() -> bytes:
    """The Ed25519 key (32 bytes) that checks this house's blocks and daily statements."""
    signing, _ = _keys(settings.current().ledger_secret)
    return signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def sign(told: bytes) -> bytes:
    """The house's signature over `told`."""
    return _keys(settings.current().ledger_secret)[0].sign(told)


def signed(told: bytes, signature: bytes) -> bool:
    """Whether the house signed `told`."""
    try:
        _keys(settings.current().ledger_secret)[0].public_key().verify(signature, told)
    except InvalidSignature:
        return False
    return True


def salt(transfer: int) -> bytes:
    """The row's salt: made from the key, not stored."""
    _, salting = _keys(settings.current().ledger_secret)
    return _salt(transfer, salting)


def _salt(transfer: int, salting: bytes) -> bytes:
    return blake2b(transfer.to_bytes(8, "big"), key=salting, digest_size=SALT_BYTES).digest()


def told(row: Any) -> bytes:
    """A row's fields in the order of `COLUMNS` as JSON, times in UTC."""
    return _encode(tuple(row))


def leaves(rows: Sequence[Any]) -> list[bytes]:
    """The salted leaf hashes of rows."""
    _, salting = _keys(settings.current().ledger_secret)
    return [sha256(b"\0" + _salt(row[0], salting) + _encode(tuple(row))).digest() for row in rows]


def block_hash(header: Header) -> bytes:
    """SHA-256 over the header's JSON."""
    return sha256(msgspec.json.encode(header)).digest()


async def seal(*, now: datetime) -> int:
    """Seals what has settled since the last block; how many rows. One sealer at a time, in the caller's transaction."""
    if not await database.fetch_value("select pg_try_advisory_xact_lock(hashtextextended('ledger-seal', 0))"):
        return 0
    last = await database.fetch_row("select id, to_xid, hash from ledger_block order by id desc limit 1")
    number, from_xid, previous = (last["id"] + 1, last["to_xid"], last["hash"]) if last else (1, 0, GENESIS)
    to_xid = await database.fetch_value(CUT, from_xid, BLOCK_ROWS_MAX)
    rows = await database.fetch(SETTLED, from_xid, to_xid) if to_xid else []
    if not rows:
        return 0
    header = Header(
        block=number,
        from_xid=from_xid,
        to_xid=to_xid,
        rows=len(rows),
        root=merkle.root(leaves(rows)).hex(),
        previous=previous.hex(),
    )
    hashed, root = block_hash(header), bytes.fromhex(header.root)
    await database.execute(STORE, number, from_xid, to_xid, len(rows), root, previous, hashed, sign(hashed), now)
    return len(rows)


def header_of(block: Any) -> Header:
    """The header as stored."""
    return Header(
        block=block["id"],
        from_xid=block["from_xid"],
        to_xid=block["to_xid"],
        rows=block["rows"],
        root=block["root"].hex(),
        previous=block["previous"].hex(),
    )


async def broken_blocks() -> list[str]:
    """Re-computes every block: its rows, its place in the chain, its signature. Empty when all is well."""
    previous, reached, found = GENESIS, 0, []
    for block in await database.fetch("select * from ledger_block order by id"):
        rows = await database.fetch(SETTLED, block["from_xid"], block["to_xid"])
        if faults := _faults(block, rows, previous=previous, reached=reached):
            found.append(f"block {block['id']}: {', '.join(faults)}")
        previous, reached = block["hash"], block["to_xid"]
    return found


def _faults(block: Any, rows: Sequence[Any], *, previous: bytes, reached: int) -> list[str]:
    faults = []
    if merkle.root(leaves(rows)) != block["root"] or len(rows) != block["rows"]:
        faults.append("its rows were changed")
    if block["previous"] != previous or block["from_xid"] != reached:
        faults.append("it does not follow the block before")
    if block_hash(header_of(block)) != block["hash"] or not signed(block["hash"], block["signature"]):
        faults.append("its hash or signature is not ours")
    return faults
