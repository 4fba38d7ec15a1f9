"""The ledger's tables. Amounts are integers: points, milligrams of CO2e, minutes of service.

`ledger_transfer` is cut into months, `ledger_bucket` and `cap_use` have keys of several columns; Piccolo can create
neither, so these three stand in `schema.sql` and their classes here mirror them for reading (a test compares both). See
docs/decisions/0020-ledger.md for why the posting key stands in a table of its own.
"""

from piccolo.columns import (
    UUID,
    BigInt,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.constraints import Check, Unique
from piccolo.table import Table


class RewardUnit(Table, tablename="reward_unit"):
    """What is counted: 1 points, 2 carbon (milligrams of CO2e), 3 service minutes. Seeded by schema.sql."""

    id = SmallInt(primary_key=True, null=False, default=None)
    code = Varchar(length=12, null=False, default=None, unique=True)
    title_zh = Varchar(length=40, null=False, default=None)
    title_en = Varchar(length=40, null=False, default=None)


class RewardAccount(Table, tablename="reward_account"):
    """One owner's pot of one unit. Ids below 1000 are the house's issuers and sinks, which are never locked or summed.

    `held` is promised to open holds; `cum_debited` is everything ever taken out, which expiry is computed from.
    """

    id = BigInt(primary_key=True, null=False, default=None)
    owner = UUID(null=False, default=None)  # resident account, team, sponsor or merchant; nil for the house
    kind = Varchar(length=12, null=False, default=None)  # resident campaign debt sponsor team merchant issuer sink
    unit = ForeignKey(RewardUnit, null=False, default=None, on_delete=OnDelete.restrict)
    floor = BigInt(null=True, default=None)  # null: no floor (debt accounts, the house)
    balance = BigInt(null=False, default=0)
    held = BigInt(null=False, default=0)
    cum_debited = BigInt(null=False, default=0)
    postings = BigInt(null=False, default=0)  # movements so far
    debt = BigInt(null=True, default=None)  # this resident's debt account, once there was one
    opened_at = Timestamptz(null=False, default=None)

    reward_account_once = Unique([owner, kind, unit])
    reward_account_floor = Check("floor is null or balance - held >= floor")
    reward_account_held = Check("held >= 0")


class LedgerTransfer(Table, tablename="ledger_transfer"):
    """One movement from `debit` to `credit`. Read only here; created and partitioned by schema.sql."""

    id = BigInt(primary_key=True, null=False, default=None)
    posted_at = Timestamptz(null=False, default=None)
    occurred_at = Timestamptz(null=False, default=None)
    key = UUID(null=False, default=None)
    kind = Varchar(length=12, null=False, default=None)
    unit = SmallInt(null=False, default=None)
    debit = BigInt(null=False, default=None)
    credit = BigInt(null=False, default=None)
    amount = BigInt(null=False, default=None)
    debit_after = BigInt(null=True, default=None)  # balance of the debited account after this row; null for the house
    credit_after = BigInt(null=True, default=None)
    rule = Varchar(length=60, null=True, default=None)  # behaviour and method version, or what else decided the amount
    evidence = UUID(null=True, default=None)  # the claim, order, grant or activity behind it
    reverses = BigInt(null=True, default=None)
    xid = BigInt(null=False, default=None)  # writing transaction; sealing stops at the oldest running one


class LedgerKey(Table, tablename="ledger_key"):
    """Every posting's key, once for ever, with the fingerprint of the request and where its result stands."""

    id = UUID(primary_key=True, null=False, default=None)
    print = Bytea(null=False, default=None)
    transfer = BigInt(null=False, default=None)
    posted_at = Timestamptz(null=False, default=None)


class LedgerReversal(Table, tablename="ledger_reversal"):
    """A transfer is reversed at most once: its id is the primary key here."""

    id = BigInt(primary_key=True, null=False, default=None)  # the reversed transfer
    reversal = BigInt(null=False, default=None)


class LedgerBucket(Table, tablename="ledger_bucket"):
    """What an account earned that is good until a day. Written by earnings only; key (account, expires)."""

    account = BigInt(primary_key=True, null=False, default=None)
    expires = Date(null=False, default=None)  # last day on which the points are good
    earned = BigInt(null=False, default=None)


class LedgerHold(Table, tablename="ledger_hold"):
    """Points promised to something that is not decided yet. Leaves `open` exactly once."""

    id = UUID(primary_key=True, null=False, default=None)
    account = ForeignKey(RewardAccount, null=False, default=None, on_delete=OnDelete.restrict)
    amount = BigInt(null=False, default=None)
    purpose = Varchar(length=60, null=False, default=None)
    state = Varchar(length=8, null=False, default=None)  # open | posted | voided | expired
    made_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    closed_at = Timestamptz(null=True, default=None)

    ledger_hold_amount = Check("amount > 0")


class CapUse(Table, tablename="cap_use"):
    """How much of a limit a person has used in a period. Taken inside the posting transaction; key: the first three."""

    person = Varchar(length=64, primary_key=True, null=False, default=None)  # see rewards.people
    rule = Varchar(length=60, null=False, default=None)
    period = Varchar(length=10, null=False, default=None)  # 2026-11-21, 2026-11, or "ever"
    used = BigInt(null=False, default=None)


class LedgerBlock(Table, tablename="ledger_block"):
    """A sealed run of transfers: those whose transaction number lies in [from_xid, to_xid)."""

    id = Integer(primary_key=True, null=False, default=None)  # 1, 2, 3 …
    from_xid = BigInt(null=False, default=None)
    to_xid = BigInt(null=False, default=None)
    rows = Integer(null=False, default=None)
    root = Bytea(null=False, default=None)  # Merkle root over the salted leaves in id order
    previous = Bytea(null=False, default=None)  # hash of the block before
    hash = Bytea(null=False, default=None)
    signature = Bytea(null=False, default=None)  # Ed25519 over the hash
    sealed_at = Timestamptz(null=False, default=None)


class LedgerDay(Table, tablename="ledger_day"):
    """What is published for a calendar day: totals, the last block, and the signature over both."""

    id = Date(primary_key=True, null=False, default=None)
    statement = Text(null=False, default=None)  # the exact signed JSON text
    signature = Bytea(null=False, default=None)
    published_at = Timestamptz(null=False, default=None)
