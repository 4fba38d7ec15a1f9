"""Vouchers: a random code stored hashed, burned once by a merchant's signed call and the customer's display code.

The display code changes every half minute and is shown only in the customer's app, so a merchant cannot burn alone,
and a
copied voucher code is worth nothing without the phone it belongs to.
"""

import hashlib
import hmac
import secrets
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import crypto, database, settings
from domain.kernel.errors import NotFound
from domain.kernel.ids import new_id
from rewards import clearing
from rewards.publishing import bounds

CODE_BYTES = 16
DISPLAY_STEP_S = 30
DISPLAY_DIGITS = 8
DISPLAY_STEPS_BACK = 1
MISSES_PER_HOUR = 5


class Burned(msgspec.Struct, frozen=True, kw_only=True):
    """The merchant's receipt; the same for every repeat."""

    receipt: UUID
    order: UUID
    burned_at: datetime


def hashed(code: str) -> bytes:
    """How a code is stored. It has 128 random bits, so a plain hash cannot be turned round."""
    return hashlib.sha256(code.encode()).digest()


async def issue(order_id: UUID, *, until: datetime) -> str:
    """Makes the order's voucher and returns its code."""
    code = secrets.token_hex(CODE_BYTES)
    ring = crypto.key_ring(settings.current().seal_keys)
    await database.execute(
        "insert into voucher (id, code_hash, code_sealed, expires_at) values ($1, $2, $3, $4)",
        order_id,
        hashed(code),
        ring.seal(code.encode(), context=f"voucher:{order_id}"),
        until,
    )
    return code


async def code_of(order_id: UUID) -> str:
    """The code for its owner's eyes."""
    sealed = await database.fetch_value("select code_sealed from voucher where id = $1", order_id)
    if sealed is None:
        raise NotFound
    return crypto.key_ring(settings.current().seal_keys).open(sealed, context=f"voucher:{order_id}").decode()


async def withdraw(order_id: UUID, *, now: datetime) -> bool:
    """Makes an unused voucher worthless; False when it was burned."""
    tag = await database.execute(
        "update voucher set expires_at = $2 where id = $1 and burned_at is null", order_id, now
    )
    return tag.endswith(" 1")


def display_code(order_id: UUID, *, now: datetime, steps_back: int = 0) -> str:
    """The eight digits the customer's app shows at this moment."""
    step = int(now.timestamp()) // DISPLAY_STEP_S - steps_back
    told = hmac.digest(settings.current().lookup_secret.encode(), f"display|{order_id}|{step}".encode(), "sha256")
    return f"{int.from_bytes(told[:8], 'big') % 10**DISPLAY_DIGITS:0{DISPLAY_DIGITS}d}"


def _shows(order_id: UUID, given: str, *, now: datetime) -> bool:
    right = [display_code(order_id, now=now, steps_back=back) for back in range(DISPLAY_STEPS_BACK + 1)]
    matches = [hmac.compare_digest(given.encode(), code.encode()) for code in right]
    return any(matches)


WANTED = """
select v.id, v.receipt, v.burned_at, v.expires_at, o.state from voucher v
join redemption_order o on o.id = v.id join reward_good g on g.id = o.good
where v.code_hash = $1 and g.merchant = $2 for update of v
"""


async def burn(*, merchant: UUID, code: str, display: str, now: datetime) -> Burned | None:
    """Burns a voucher of this merchant's goods; None for every kind of "no", so that nothing can be told apart.

    A voucher this merchant burned before is answered with its first receipt. Misses count against the merchant.
    """
    row = await database.fetch_row(WANTED, hashed(code), merchant)
    if row is not None and row["burned_at"] is not None:
        return Burned(receipt=row["receipt"], order=row["id"], burned_at=row["burned_at"])
    shown = _shows(row["id"] if row else merchant, display, now=now)
    if row is None or not shown or row["expires_at"] <= now or row["state"] != "confirmed":
        await _miss(merchant, now=now)
        return None
    receipt = new_id()
    await database.execute("update voucher set receipt = $2, burned_at = $3 where id = $1", row["id"], receipt, now)
    await database.execute("update redemption_order set state = 'burned', closed_at = $2 where id = $1", row["id"], now)
    return Burned(receipt=receipt, order=row["id"], burned_at=now)


def _hour(now: datetime) -> str:
    return now.strftime("%y%m%d-%H")


async def _miss(merchant: UUID, *, now: datetime) -> None:
    await database.execute(
        "select cap_take($1, array['burn-miss'], array[$2], array[1000000::bigint], 1)",
        f"merchant:{merchant}",
        _hour(now),
    )


async def may_try(merchant: UUID, *, now: datetime) -> bool:
    """Whether the merchant has tries left this hour."""
    used = await database.fetch_value(
        "select used from cap_use where person = $1 and rule = 'burn-miss' and period = $2",
        f"merchant:{merchant}",
        _hour(now),
    )
    return (used or 0) < MISSES_PER_HOUR


class MerchantDay(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's day. `difference` compares orders with the ledger and must be zero.

    So must `rest`, what the day leaves in the merchant's clearing account, once the day is settled.
    """

    day: date
    confirmed: int
    confirmed_points: int
    refunded_points: int
    burned: int
    difference: int
    rest: int


STATEMENT = """
select count(*) filter (where o.confirmed_at >= $2 and o.confirmed_at < $3) as confirmed,
  coalesce(sum(o.price) filter (where o.confirmed_at >= $2 and o.confirmed_at < $3), 0)::bigint as confirmed_points,
  coalesce(sum(o.price) filter (where o.state = 'refunded' and o.closed_at >= $2 and o.closed_at < $3), 0)::bigint
    as refunded,
  count(*) filter (where v.burned_at >= $2 and v.burned_at < $3) as burned
from redemption_order o join reward_good g on g.id = o.good left join voucher v on v.id = o.id where g.merchant = $1
"""
POSTED = """
select coalesce(sum(case when t.kind = 'spend' then t.amount else -t.amount end), 0)::bigint
from ledger_transfer t join redemption_order o on o.id = t.evidence join reward_good g on g.id = o.good
where g.merchant = $1 and t.posted_at >= $2 and t.posted_at < $3 and t.kind in ('spend', 'reverse')
"""


async def merchant_day(merchant: UUID, *, day: date) -> MerchantDay:
    """The statement of a local day, from the orders on one side and the ledger on the other."""
    start, end = bounds(day)
    row: Any = await database.fetch_row(STATEMENT, merchant, start, end)
    posted = await database.fetch_value(POSTED, merchant, start, end)
    return MerchantDay(
        day=day,
        confirmed=row["confirmed"],
        confirmed_points=row["confirmed_points"],
        refunded_points=row["refunded"],
        burned=row["burned"],
        difference=int(row["confirmed_points"] - row["refunded"] - posted),
        rest=await clearing.rest_of(merchant, day=day),
    )


async def all_days(day: date) -> dict[str, MerchantDay]:
    """Every merchant's statement of the day, by code."""
    rows = await database.fetch("select id, code from reward_partner where kind = 'merchant' order by code")
    return {row["code"]: await merchant_day(row["id"], day=day) for row in rows}
