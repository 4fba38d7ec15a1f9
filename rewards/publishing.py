"""What the public can hold the ledger to: a signed statement per day, and a proof for each resident's row.

The statement names the Merkle root over the hashes of the blocks sealed that day, and totals. Totals by rule that
fewer than
`PUBLIC_PEOPLE_MIN` accounts contributed to are added to "other", so that no number singles out a person.
"""

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.clock import DISTRICT_ZONE
from domain.kernel.errors import NotFound, Refusal, Text
from rewards import merkle, sealing
from rewards.merkle import Step
from rewards.sealing import Header

PUBLIC_PEOPLE_MIN = 10
SEALED_ON = "select * from ledger_block where sealed_at >= $1 and sealed_at < $2 order by id"


class NotSealedYet(Refusal):
    """The row is too young to have a proof."""

    code = "not-sealed-yet"
    title = Text("该记录尚未封存", "The movement is not sealed yet")
    advice = Text("记录约在一分钟内封存，请稍后再试。", "Rows are sealed within about a minute; try again later.")


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule moved on the day, and in how many movements."""

    unit: str
    kind: str
    rule: str
    amount: int
    movements: int
    unconfirmed: bool  # a factor behind it is from memory or a policy choice


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A day's statement; its exact JSON text is signed."""

    day: date
    root: str  # over the hashes of the blocks sealed on the day, in order
    blocks: int
    first_block: int | None
    last_block: int | None
    rows: int
    last_hash: str | None
    totals: list[Total]
    public_key: str


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """All that `docs/verify_ledger.py` needs: the row's text, its way to the block, and the block's way to its day."""

    row: str
    salt: str
    path: list[Step]
    header: Header
    block_signature: str
    public_key: str
    day: date
    day_path: list[Step] | None  # None until the day's statement is published


def bounds(day: date) -> tuple[datetime, datetime]:
    """The local day as two moments."""
    start = datetime.combine(day, time(), DISTRICT_ZONE)
    return start, start + timedelta(days=1)


TOTALS = """
with moved as (
  select u.code as unit, t.kind, coalesce(t.rule, '-') as rule, t.amount, t.debit, t.credit,
         coalesce(a.unconfirmed, false) as unconfirmed
  from ledger_transfer t join reward_unit u on u.id = t.unit
  left join reward_award a on a.claim = t.evidence
  where t.posted_at >= $1 and t.posted_at < $2),
by_rule as (
  select unit, kind, rule, sum(amount)::bigint as amount, count(*) as movements, bool_or(unconfirmed) as unconfirmed,
         count(distinct case when credit >= 1000 then credit else debit end) as people
  from moved group by unit, kind, rule)
select unit, kind, case when people < $3 then 'other' else rule end as rule, sum(amount)::bigint as amount,
       sum(movements)::bigint as movements, bool_or(unconfirmed) as unconfirmed
from by_rule group by 1, 2, 3 order by 1, 2, 3
"""


async def publish(day: date, *, now: datetime) -> bool:
    """Signs and stores the statement of a finished day, once; False when it exists."""
    if await database.fetch_value("select true from ledger_day where id = $1", day):
        return False
    text = msgspec.json.encode(await _statement(day))
    await database.execute(
        "insert into ledger_day (id, statement, signature, published_at) values ($1, $2, $3, $4)",
        day,
        text.decode(),
        sealing.sign(text),
        now,
    )
    return True


async def _statement(day: date) -> Statement:
    start, end = bounds(day)
    blocks = await database.fetch(SEALED_ON, start, end)
    totals = await database.fetch(TOTALS, start, end, PUBLIC_PEOPLE_MIN)
    return Statement(
        day=day,
        root=merkle.root([merkle.leaf(block["hash"]) for block in blocks]).hex(),
        blocks=len(blocks),
        first_block=blocks[0]["id"] if blocks else None,
        last_block=blocks[-1]["id"] if blocks else None,
        rows=sum(block["rows"] for block in blocks),
        last_hash=blocks[-1]["hash"].hex() if blocks else None,
        totals=[Total(**dict(row)) for row in totals],
        public_key=sealing.public_key().hex(),
    )


async def statement(day: date) -> tuple[str, bytes]:
    """The signed text of a day and its signature; raises `NotFound`."""
    row = await database.fetch_row("select statement, signature from ledger_day where id = $1", day)
    if row is None:
        raise NotFound
    return row["statement"], row["signature"]


OWN_ROW = f"""
select {sealing.COLUMNS} from ledger_transfer t
where t.id = $1 and exists (select 1 from reward_account a where a.owner = $2 and a.id in (t.debit, t.credit))
"""


async def proof(transfer: int, *, owner: UUID) -> Proof:
    """The inclusion proof of one of the owner's rows. Raises `NotFound` or `NotSealedYet`."""
    row = await database.fetch_row(OWN_ROW, transfer, owner)
    if row is None:
        raise NotFound
    block = await database.fetch_row("select * from ledger_block where from_xid <= $1 and to_xid > $1", row["xid"])
    if block is None:
        raise NotSealedYet
    rows = await database.fetch(sealing.SETTLED, block["from_xid"], block["to_xid"])
    index = next(i for i, other in enumerate(rows) if other["id"] == transfer)
    path = await asyncio.to_thread(lambda: merkle.path(sealing.leaves(rows), index))
    day = block["sealed_at"].astimezone(DISTRICT_ZONE).date()
    return Proof(
        row=sealing.told(row).decode(),
        salt=sealing.salt(transfer).hex(),
        path=path,
        header=sealing.header_of(block),
        block_signature=block["signature"].hex(),
        public_key=sealing.public_key().hex(),
        day=day,
        day_path=await _day_path(day, block),
    )


async def _day_path(day: date, block: Any) -> list[Step] | None:
    if not await database.fetch_value("select true from ledger_day where id = $1", day):
        return None
    blocks = await database.fetch(SEALED_ON, *bounds(day))
    index = next(i for i, other in enumerate(blocks) if other["id"] == block["id"])
    return merkle.path([merkle.leaf(other["hash"]) for other in blocks], index)
