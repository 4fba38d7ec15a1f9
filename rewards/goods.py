"""Goods on offer, and orders: hold → confirm → post, or void. A refund is a reversal."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import audit, database
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id
from rewards import clearing, ledger, people, vouchers
from rewards.ledger import BalanceTooLow

ORDER_KEPT = timedelta(minutes=15)  # to confirm
REFUNDABLE = timedelta(days=7)  # after confirming, while the voucher is unused


class SoldOut(Refusal):
    """Nothing is left."""

    code = "sold-out"
    title = Text("已兑完", "Sold out")
    advice = Text("可关注后续补货。", "There may be more later.")


class LimitReached(Refusal):
    """This person has taken all they may."""

    code = "good-limit-reached"
    title = Text("已达到每人限兑数量", "The limit per person is reached")
    advice = Text("换一件看看。", "Choose something else.")


class NotOnOffer(Refusal):
    """Before or after the window."""

    code = "not-on-offer"
    title = Text("不在兑换时间内", "Not on offer at this time")
    advice = Text("请查看兑换时间。", "See the times of the offer.")


class OrderClosed(Refusal):
    """The order is confirmed, void, refunded or collected already."""

    code = "order-closed"
    title = Text("订单状态不允许此操作", "The order is past that step")
    advice = Text("请刷新订单。", "Reload the order.")


class NewGood(msgspec.Struct, frozen=True, kw_only=True):
    """What is put on offer."""

    title: Text
    sponsor: str
    price: int
    stock: int
    per_person: int
    from_at: datetime
    until_at: datetime
    voucher_days: int = 30
    slots: int = 1


async def offer(good: NewGood, *, merchant: str, by: str, now: datetime) -> UUID:
    """Puts a good on offer; raises `NotFound` for an unknown merchant."""
    good_id = new_id()
    made = await database.fetch_value(
        "insert into reward_good (id, merchant, title_zh, title_en, sponsor, price, per_person, stock, slots, from_at,"
        " until_at, voucher_days, made_at) select $1, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13"
        " from reward_partner where code = $2 and kind = 'merchant' and active returning id",
        good_id,
        merchant,
        good.title.zh,
        good.title.en,
        good.sponsor,
        good.price,
        good.per_person,
        good.stock,
        good.slots,
        good.from_at,
        good.until_at,
        good.voucher_days,
        now,
    )
    if made is None:
        raise NotFound
    counters = [good.stock // good.slots + (slot < good.stock % good.slots) for slot in range(good.slots)]
    await database.execute(
        "insert into good_stock (id, good, slot, remaining) select u.id, $1, u.slot - 1, u.n"
        " from unnest($2::uuid[], $3::int[]) with ordinality as u(id, n, slot)",
        good_id,
        [new_id() for _ in counters],
        counters,
    )
    await audit.append(actor=by, action="good.offered", subject=f"good:{good_id}", at=now)
    return good_id


async def withdraw(good: UUID, *, by: str, now: datetime) -> None:
    """Takes a good off the offer at once; orders made before go on. Raises `NotFound` when it is over already."""
    if not await database.fetch_value(
        "update reward_good set until_at = $2 where id = $1 and until_at > $2 returning true", good, now
    ):
        raise NotFound
    await audit.append(actor=by, action="good.withdrawn", subject=f"good:{good}", at=now)


async def on_offer(*, now: datetime) -> list[dict[str, Any]]:
    """What can be exchanged now or soon, with what is left."""
    rows = await database.fetch(
        "select g.id, g.title_zh, g.title_en, g.sponsor, g.price, g.per_person, g.from_at, g.until_at,"
        " p.title as merchant,"
        " (select sum(remaining) from good_stock s where s.good = g.id)::int as remaining"
        " from reward_good g join reward_partner p on p.id = g.merchant"
        " where g.until_at > $1 order by g.from_at, g.id limit 100",
        now,
    )
    return [dict(row) for row in rows]


REFUSED: dict[str, type[Refusal]] = {
    "unknown": NotFound,
    "not-now": NotOnOffer,
    "insufficient": BalanceTooLow,
    "limit-reached": LimitReached,
    "sold-out": SoldOut,
}


async def order(order_id: UUID, *, good: UUID, account: UUID, now: datetime) -> datetime:
    """Reserves an item and holds its price until the returned time; the same id again changes nothing."""
    until = now + ORDER_KEPT
    person = await people.person_of(account)
    outcome = await database.fetch_value(
        "select redeem($1, $2, $3, $4, $5, $6)", order_id, good, account, person, until, now
    )
    if outcome in REFUSED:
        raise REFUSED[outcome]
    return until


async def _own(order_id: UUID, account: UUID) -> Any:
    row = await database.fetch_row(
        "select o.*, g.voucher_days, g.merchant from redemption_order o join reward_good g on g.id = o.good"
        " where o.id = $1 and o.account = $2 for update of o",
        order_id,
        account,
    )
    if row is None:
        raise NotFound
    return row


async def confirm(order_id: UUID, *, account: UUID, now: datetime) -> str:
    """Posts the held price and gives the voucher's code; again: the same code. Raises `OrderClosed`, `HoldGone`."""
    row = await _own(order_id, account)
    if row["state"] in ("confirmed", "burned"):
        return await vouchers.code_of(order_id)
    if row["state"] != "held":
        raise OrderClosed
    await ledger.post_hold(
        order_id,
        kind="spend",
        credit=await clearing.account_of(row["merchant"], now=now),
        now=now,
        rule=f"good:{row['good']}",
        evidence=order_id,
    )
    await database.execute(
        "update redemption_order set state = 'confirmed', confirmed_at = $2 where id = $1", order_id, now
    )
    return await vouchers.issue(order_id, until=now + timedelta(days=row["voucher_days"]))


async def cancel(order_id: UUID, *, account: UUID, now: datetime) -> str:
    """Voids a held order, or refunds a confirmed one with an unused voucher; the new state. Raises `OrderClosed`."""
    row = await _own(order_id, account)
    if row["state"] in ("void", "refunded"):
        return str(row["state"])
    if row["state"] == "held":
        return await _void(order_id, now=now)
    late = row["confirmed_at"] is None or now > row["confirmed_at"] + REFUNDABLE
    if row["state"] != "confirmed" or late or not await vouchers.withdraw(order_id, now=now):
        raise OrderClosed
    transfer = await database.fetch_value("select transfer from ledger_key where id = $1", order_id)
    await ledger.reverse(
        key=ledger.keyed("refund", order_id), transfer=transfer, now=now, rule="refund", evidence=order_id
    )
    await _close(order_id, "refunded", now=now)
    return "refunded"


async def _void(order_id: UUID, *, now: datetime) -> str:
    await ledger.release_hold(order_id, now=now)
    await _close(order_id, "void", now=now)
    return "void"


async def _close(order_id: UUID, state: str, *, now: datetime) -> None:
    await database.execute("update redemption_order set state = $2, closed_at = $3 where id = $1", order_id, state, now)
    await database.execute("select redeem_give_back($1)", order_id)


async def void_old(*, now: datetime, limit: int = 200) -> int:
    """Voids orders that were not confirmed in time; how many."""
    rows = await database.fetch(
        "select id from redemption_order where state = 'held' and expires_at <= $1 order by id limit $2"
        " for update skip locked",
        now,
        limit,
    )
    for row in rows:
        await _void(row["id"], now=now)
    return len(rows)


async def mine(account: UUID, *, before: UUID | None, limit: int) -> list[dict[str, Any]]:
    """The resident's orders, newest first."""
    rows = await database.fetch(
        "select o.id, o.good, g.title_zh, g.title_en, o.price, o.state, o.made_at, o.expires_at,"
        " v.expires_at as voucher_until"
        " from redemption_order o join reward_good g on g.id = o.good left join voucher v on v.id = o.id"
        " where o.account = $1 and ($2::uuid is null or o.id < $2) order by o.id desc limit $3",
        account,
        before,
        limit,
    )
    return [dict(row) for row in rows]
