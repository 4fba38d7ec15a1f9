"""Moving points, carbon and minutes: thin Python over the functions of `schema.sql`, one round trip each.

Everything runs inside the caller's transaction. A `key` names the intent for ever: the same key with the same
request is
answered with the first result (`replayed`), with another request it is refused. `keyed` makes keys from what is known.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.kernel import clock, database
from domain.kernel.errors import NotFound, Refusal, Text

Unit = Literal["points", "carbon", "minutes"]
UNIT_IDS: dict[Unit, int] = {"points": 1, "carbon": 2, "minutes": 3}
ISSUER, EXPIRED, SPENT, REVOKED, RETIRED = 10, 20, 30, 40, 50  # house accounts; plus the unit's id
HOUSE_IDS_BELOW = 1000
AMOUNT_MAX = 2**53  # exact in every JSON reader
POINTS_LIFE_MONTHS = 24  # points are good until the end of the month two years later
GIVEN_BACK_LIFE = timedelta(days=30)  # a refunded point is good at least this long
BATCH_MAX = 1_000
KEY_SPACE = UUID("5f0c3c58-6d53-5f8e-9d5d-7c2b5a1e9f10")


class KeyAltered(Refusal):
    """The posting key was used for another movement."""

    code = "posting-key-altered"
    title = Text("该记账键已用于其他内容", "This posting key was used for another movement")
    advice = Text(
        "请核对原始记录；不同的业务请使用不同的键。", "Check the first record; use another key for another movement."
    )


class BalanceTooLow(Refusal):
    """Not enough that is neither held nor below the floor."""

    code = "balance-too-low"
    title = Text("可用余额不足", "The available balance is too low")
    advice = Text("冻结中的积分暂不可用，请减少数量或稍后再试。", "Held points cannot be used; take less or try later.")


class AmountRefused(Refusal):
    """Zero, negative, too large, or between accounts that cannot exchange."""

    code = "amount-refused"
    status = 400
    title = Text("数量不合法", "The amount is not acceptable")
    advice = Text("数量必须是 1 到 2 的 53 次方之间的整数。", "The amount must be an integer from 1 to 2^53.")


class HoldGone(Refusal):
    """The hold was already given back or ran out."""

    code = "hold-gone"
    title = Text("冻结已失效", "The hold is no longer open")
    advice = Text("请重新下单。", "Place the order again.")


class ReversedAlready(Refusal):
    """A movement is reversed at most once, and a reversal never."""

    code = "reversed-already"
    title = Text("该笔记录已冲正", "This movement was reversed already")
    advice = Text("如仍有误，请新增一笔更正。", "If something is still wrong, post a new correction.")


class Posted(msgspec.Struct, frozen=True):
    """The result of a posting; balances are None for house accounts."""

    transfer: int
    debit_balance: int | None
    credit_balance: int | None
    replayed: bool


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """What should move, why, and by which key. Account ids; `amount` in the unit's integer."""

    key: UUID
    kind: str
    debit: int
    credit: int
    amount: int
    occurred_at: datetime
    rule: str | None = None
    evidence: UUID | None = None
    expires: date | None = None  # earnings of points: last good day


def keyed(*parts: object) -> UUID:
    """The key of an intent that can be named, for example `keyed("award", claim_id)`; equal parts give equal keys."""
    text = "|".join(str(part) for part in parts)
    return UUID(bytes=hashlib.sha256(KEY_SPACE.bytes + text.encode()).digest()[:16], version=5)


def fingerprint(movement: Movement) -> bytes:
    """What makes two movements the same request: everything but the times (16 bytes)."""
    told = (movement.kind, movement.debit, movement.credit, movement.amount, movement.rule, movement.evidence)
    return hashlib.sha256(repr(told).encode()).digest()[:16]


def good_until(at: datetime, *, months: int = POINTS_LIFE_MONTHS) -> date:
    """The last day of the local month `months` after the month of `at`."""
    day = clock.local_day(at)
    month = day.year * 12 + day.month + months  # zero-based month after the last good one
    return date(month // 12, month % 12 + 1, 1) - timedelta(days=1)


async def account(*, owner: UUID, kind: str, unit: Unit, now: datetime) -> int:
    """The id of the owner's account, opened when missing."""
    found: int = await database.fetch_value("select ledger_account($1, $2, $3, $4)", owner, kind, UNIT_IDS[unit], now)
    return found


def issuer(unit: Unit) -> int:
    """The house account new units come from."""
    return ISSUER + UNIT_IDS[unit]


def sink(role: int, unit: Unit) -> int:
    """A house account units go to: `EXPIRED`, `SPENT`, `REVOKED` or `RETIRED`."""
    return role + UNIT_IDS[unit]


REFUSED: dict[str, type[Refusal]] = {
    "altered": KeyAltered,
    "insufficient": BalanceTooLow,
    "invalid": AmountRefused,
    "unknown-account": AmountRefused,
    "gone": HoldGone,
    "reversed-already": ReversedAlready,
    "not-found": NotFound,
}


def _posted(row: Any) -> Posted:
    if row["outcome"] in REFUSED:
        raise REFUSED[row["outcome"]]
    return Posted(row["transfer"], row["debit_balance"], row["credit_balance"], row["outcome"] == "replayed")


async def post(movement: Movement, *, now: datetime) -> Posted:
    """Posts one movement. Raises `KeyAltered`, `BalanceTooLow` or `AmountRefused`; nothing has changed then."""
    if not 0 < movement.amount <= AMOUNT_MAX:
        raise AmountRefused
    return _posted(
        await database.fetch_row(
            "select * from ledger_post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            movement.key,
            fingerprint(movement),
            movement.kind,
            movement.debit,
            movement.credit,
            movement.amount,
            movement.occurred_at,
            now,
            movement.rule,
            movement.evidence,
            movement.expires,
        )
    )


async def post_batch(movements: Sequence[Movement], *, now: datetime) -> dict[UUID, str]:
    """Posts earnings from one house account set-wise; the outcome of each key.

    Outcomes: posted, replayed, altered, invalid, unknown-account. At most `BATCH_MAX`, all of one kind and one issuer.
    """
    if not movements:
        return {}
    first = movements[0]
    if len(movements) > BATCH_MAX or any((m.kind, m.debit) != (first.kind, first.debit) for m in movements):
        raise ValueError(f"a batch has at most {BATCH_MAX} movements of one kind from one house account")
    rows = await database.fetch(
        "select key, outcome from ledger_post_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [m.key for m in movements],
        [fingerprint(m) for m in movements],
        first.kind,
        first.debit,
        [m.credit for m in movements],
        [m.amount for m in movements],
        [m.occurred_at for m in movements],
        now,
        [m.rule for m in movements],
        [m.evidence for m in movements],
        [m.expires for m in movements],
    )
    outcomes = {row["key"]: row["outcome"] for row in rows}
    for movement in movements:
        outcomes[movement.key] = await _settled(movement, outcomes[movement.key], now=now)
    return outcomes


async def _settled(movement: Movement, outcome: str, *, now: datetime) -> str:
    """Known keys are replayed or altered; a resident in debt is posted alone, so that the debt is repaid first."""
    if outcome not in ("known", "in-debt"):
        return outcome
    try:
        posted = await post(movement, now=now)
    except KeyAltered:
        return "altered"
    return "replayed" if posted.replayed else "posted"


async def hold(hold_id: UUID, *, account_id: int, amount: int, purpose: str, until: datetime, now: datetime) -> bool:
    """Promises part of a balance until `until`; False when this very hold existed. Raises like `post`."""
    if not 0 < amount <= AMOUNT_MAX:
        raise AmountRefused
    outcome = await database.fetch_value(
        "select ledger_hold_open($1, $2, $3, $4, $5, $6)", hold_id, account_id, amount, purpose, until, now
    )
    if outcome in REFUSED:
        raise REFUSED[outcome]
    return bool(outcome == "held")


async def post_hold(
    hold_id: UUID, *, kind: str, credit: int, now: datetime, rule: str | None = None, evidence: UUID | None = None
) -> Posted:
    """Keeps the promise: the held amount moves to `credit`. Raises `HoldGone`; a repeat is replayed."""
    return _posted(
        await database.fetch_row(
            "select * from ledger_hold_post($1, $2, $3, $4, $5, $6)", hold_id, kind, credit, now, rule, evidence
        )
    )


async def release_hold(hold_id: UUID, *, now: datetime) -> bool:
    """Gives the promise back; False when it was not open any more."""
    return bool(await database.fetch_value("select ledger_hold_release($1, 'voided', $2)", hold_id, now))


async def reverse(*, key: UUID, transfer: int, now: datetime, rule: str, evidence: UUID | None = None) -> Posted:
    """Takes a movement back, once. What was spent already becomes debt; what is refunded stays good for a while."""
    original = await database.fetch_row(
        "select t.unit, a.kind, ledger_good_until(t.id) as good from ledger_transfer t"
        " left join reward_account a on a.id = t.debit where t.id = $1",
        transfer,
    )
    expires = None
    if original is not None and original["unit"] == UNIT_IDS["points"] and original["kind"] in ("resident", "campaign"):
        at_least = good_until(now + GIVEN_BACK_LIFE, months=0)
        expires = max(original["good"] or at_least, at_least)
    return _posted(
        await database.fetch_row(
            "select * from ledger_reverse($1, $2, $3, $4, $5, $6, $7)",
            key,
            hashlib.sha256(f"reverse|{transfer}|{rule}".encode()).digest()[:16],
            transfer,
            now,
            rule,
            evidence,
            expires,
        )
    )
