"""Goods, their stock, orders and vouchers."""

from piccolo.columns import UUID, BigInt, Bytea, ForeignKey, Integer, OnDelete, SmallInt, Timestamptz, Varchar
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from rewards.partner_tables import RewardPartner


class RewardGood(Table, tablename="reward_good"):
    """Something points can be exchanged for, given by a merchant, within a window."""

    id = UUID(primary_key=True, null=False, default=None)
    merchant = ForeignKey(RewardPartner, null=False, default=None, on_delete=OnDelete.restrict)
    title_zh = Varchar(length=60, null=False, default=None)
    title_en = Varchar(length=60, null=False, default=None)
    sponsor = Varchar(length=60, null=False, default=None)  # who pays for it, shown to the public
    price = BigInt(null=False, default=None)  # points
    per_person = Integer(null=False, default=None)
    stock = Integer(null=False, default=None)  # put on offer in all
    slots = SmallInt(null=False, default=None)  # counters the stock is split into; more for a launch day
    from_at = Timestamptz(null=False, default=None)
    until_at = Timestamptz(null=False, default=None)
    voucher_days = Integer(null=False, default=None)  # a voucher is good so long after the order
    made_at = Timestamptz(null=False, default=None)

    reward_good_price = Check("price > 0 and per_person > 0 and stock > 0 and slots between 1 and 64")


class GoodStock(Table, tablename="good_stock"):
    """One counter of what is left. It never falls below zero; taking from it is the last step of an order."""

    id = UUID(primary_key=True, null=False, default=None)
    good = ForeignKey(RewardGood, null=False, default=None, on_delete=OnDelete.restrict)
    slot = SmallInt(null=False, default=None)
    remaining = Integer(null=False, default=None)

    good_stock_slot = Unique([good, slot])
    good_stock_left = Check("remaining >= 0")


class RedemptionOrder(Table, tablename="redemption_order"):
    """One exchange. held → confirmed → burned, or held → void, or confirmed → refunded."""

    id = UUID(primary_key=True, null=False, default=None)  # also the hold's id and the posting key
    good = ForeignKey(RewardGood, null=False, default=None, on_delete=OnDelete.restrict)
    account = UUID(null=False, default=None)
    person = Varchar(length=64, null=False, default=None)
    price = BigInt(null=False, default=None)
    slot = SmallInt(null=False, default=None)
    state = Varchar(length=10, null=False, default=None)
    made_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    confirmed_at = Timestamptz(null=True, default=None)
    closed_at = Timestamptz(null=True, default=None)


class Voucher(Table, tablename="voucher"):
    """The right to collect one order: a random code known by its hash, sealed for its owner's eyes, burned once."""

    id = UUID(primary_key=True, null=False, default=None)  # the order's id
    code_hash = Bytea(null=False, default=None, unique=True)
    code_sealed = Bytea(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    receipt = UUID(null=True, default=None)  # given to the merchant when burned
    burned_at = Timestamptz(null=True, default=None)
