"""Exchanging points: goods on offer, orders, vouchers; merchants burn vouchers and read their statement."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from api.idempotency import IdempotencyKey, once
from api.moments import Moment, check_years
from api.pages import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, encode_cursor
from api.problems import Malformed
from api.routes.partner_events import signed_by
from domain.kernel import clock, database
from domain.kernel.errors import Invalid, Refusal, Text
from domain.kernel.ids import new_id
from rewards import goods, vouchers
from rewards.goods import NewGood
from rewards.vouchers import Burned, MerchantDay

TAGS = ["redemption"]
OFFICER = {"audience": "operator", "role": "clerk"}
PRICE_MAX = 1_000_000


class VoucherRefused(Refusal):
    """Unknown, used elsewhere, expired, refunded, or not shown by its owner: all the same to the outside."""

    code = "voucher-refused"
    status = 422
    title = Text("券码无效", "The voucher is not valid")
    advice = Text("请顾客打开券码页面后重试。", "Ask the customer to open the voucher in the app and try again.")


class TooManyMisses(Refusal):
    """The merchant tried too many wrong codes this hour."""

    code = "too-many-misses"
    status = 429
    title = Text("错误次数过多", "Too many wrong codes")
    advice = Text("请一小时后再试。", "Try again in an hour.")


class GoodShown(msgspec.Struct, frozen=True, kw_only=True):
    """A good on offer."""

    id: UUID
    title_zh: str
    title_en: str
    sponsor: str
    merchant: str
    price: int
    per_person: int
    remaining: int
    from_at: datetime
    until_at: datetime


class NewOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to exchange points for."""

    good_id: UUID


class OrderMade(msgspec.Struct, frozen=True, kw_only=True):
    """Reserved; confirm before `expires_at`."""

    id: UUID
    state: str
    expires_at: datetime


class OrderShown(msgspec.Struct, frozen=True, kw_only=True):
    """One of my orders."""

    id: UUID
    good: UUID
    title_zh: str
    title_en: str
    price: int
    state: str
    made_at: datetime
    expires_at: datetime
    voucher_until: datetime | None


class VoucherShown(msgspec.Struct, frozen=True, kw_only=True):
    """The code, and the digits the app shows for the next half minute; the merchant needs both."""

    voucher_code: str
    display_code: str


class OrderState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the order stands."""

    state: str


class Burn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the merchant's till scanned and read."""

    voucher_code: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    display_code: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]


class GoodOffer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A good to put on offer."""

    merchant: Annotated[str, msgspec.Meta(max_length=40)]
    title_zh: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    title_en: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    sponsor: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    price: Annotated[int, msgspec.Meta(ge=1, le=PRICE_MAX)]
    stock: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    per_person: Annotated[int, msgspec.Meta(ge=1, le=1_000)]
    from_at: Moment
    until_at: Moment
    voucher_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30
    slots: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1


class GoodMade(msgspec.Struct, frozen=True, kw_only=True):
    """The good's id."""

    id: UUID


@get("/v1/goods", opt={"audience": "public"}, tags=TAGS, summary="Goods on offer")
async def list_goods() -> list[GoodShown]:
    """What points can be exchanged for, with what is left. Points are never required for a service."""
    return [GoodShown(**row) for row in await goods.on_offer(now=clock.utc_now())]


@post("/v1/orders", opt={"audience": "resident"}, tags=TAGS, summary="Order an item")
async def order(
    data: JSONBody[NewOrder], resident: NamedDependency[Actor], request: Request[Any, Any, Any], key: IdempotencyKey
) -> Response[OrderMade]:
    """Reserves one item and holds its price for 15 minutes."""
    now = clock.utc_now()

    async def work() -> OrderMade:
        order_id = new_id()
        until = await goods.order(order_id, good=data.good_id, account=resident.id, now=now)
        return OrderMade(id=order_id, state="held", expires_at=until)

    async with database.transaction():
        return await once(request, actor=resident, key=key, now=now, work=work)


@get("/v1/orders", opt={"audience": "resident"}, tags=TAGS, summary="My orders")
async def list_orders(
    resident: NamedDependency[Actor], limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[OrderShown]:
    """Newest first."""
    key = decode_cursor(cursor, tuple[UUID])
    rows = await goods.mine(resident.id, before=key[0] if key else None, limit=limit + 1)
    items = [OrderShown(**row) for row in rows[:limit]]
    return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > limit else None)


@post("/v1/orders/{order_id:uuid}/confirm", opt={"audience": "resident"}, tags=TAGS, summary="Confirm", status_code=200)
async def confirm(order_id: FromPath[UUID], resident: NamedDependency[Actor]) -> VoucherShown:
    """Takes the points and gives the voucher. Safe to repeat: the same voucher again."""
    now = clock.utc_now()
    async with database.transaction():
        code = await goods.confirm(order_id, account=resident.id, now=now)
    return VoucherShown(voucher_code=code, display_code=vouchers.display_code(order_id, now=now))


@post("/v1/orders/{order_id:uuid}/cancel", opt={"audience": "resident"}, tags=TAGS, summary="Cancel", status_code=200)
async def cancel(order_id: FromPath[UUID], resident: NamedDependency[Actor]) -> OrderState:
    """A reserved order is void; a confirmed one is refunded within 7 days while its voucher is unused."""
    async with database.transaction():
        return OrderState(state=await goods.cancel(order_id, account=resident.id, now=clock.utc_now()))


@post(
    "/v1/merchants/{code:str}/burns",
    opt={"audience": "partner", "limit": "machine"},
    tags=TAGS,
    summary="Burn a voucher",
    status_code=200,
)
async def burn(code: FromPath[str], request: Request[Any, Any, Any]) -> Burned:
    """Signed by the merchant, with the customer's display code. A repeat gets the first receipt; 5 misses an hour."""
    merchant = await signed_by(request, code=code, kind="merchant")
    try:
        wanted = msgspec.json.decode(await request.body(), type=Burn)
    except msgspec.MsgspecError as error:
        raise Malformed(Text("内容不符合接口约定", f"not a burn: {error}")) from error
    now = clock.utc_now()
    if not await vouchers.may_try(merchant.id, now=now):
        raise TooManyMisses(retry_after_s=3_600)
    async with database.transaction():
        burned = await vouchers.burn(
            merchant=merchant.id, code=wanted.voucher_code, display=wanted.display_code, now=now
        )
    if burned is None:
        raise VoucherRefused
    return burned


@get(
    "/v1/merchants/{code:str}/days/{day:date}",
    opt={"audience": "partner", "limit": "machine"},
    tags=TAGS,
    summary="A merchant's day",
)
async def merchant_day(code: FromPath[str], day: FromPath[date], request: Request[Any, Any, Any]) -> MerchantDay:
    """Signed over an empty body. `difference` compares the orders with the ledger and is zero."""
    check_years(day=day)
    merchant = await signed_by(request, code=code, kind="merchant")
    return await vouchers.merchant_day(merchant.id, day=day)


@post("/v1/operator/goods", opt=OFFICER, tags=TAGS, summary="Put a good on offer")
async def offer(data: JSONBody[GoodOffer], operator: NamedDependency[Actor]) -> GoodMade:
    """`slots` splits the stock into counters for a launch day."""
    check_years(from_at=data.from_at, until_at=data.until_at)
    if data.until_at <= data.from_at or data.slots > data.stock:
        raise Invalid(Text("时间或库存分片不合理", "times or slots do not fit"), field="until_at")
    new = NewGood(
        title=Text(data.title_zh, data.title_en),
        **{name: getattr(data, name) for name in NewGood.__struct_fields__ if name != "title"},
    )
    async with database.transaction():
        made = await goods.offer(new, merchant=data.merchant, by=operator.principal, now=clock.utc_now())
    return GoodMade(id=made)


@post("/v1/operator/goods/{good:uuid}/withdrawal", opt=OFFICER, tags=TAGS, summary="Take a good off", status_code=204)
async def withdraw(good: FromPath[UUID], operator: NamedDependency[Actor]) -> None:
    """At once; orders made before go on."""
    async with database.transaction():
        await goods.withdraw(good, by=operator.principal, now=clock.utc_now())


@get("/v1/operator/merchant-days/{day:date}", opt=OFFICER, tags=TAGS, summary="All merchants' day")
async def merchant_days(day: FromPath[date], operator: NamedDependency[Actor]) -> dict[str, MerchantDay]:
    """By merchant; `difference`, and `rest` of a settled day, are zero or somebody has to look."""
    check_years(day=day)
    return await vouchers.all_days(day)


ROUTES = [list_goods, order, list_orders, confirm, cancel, burn, merchant_day, offer, withdraw, merchant_days]
