"""Who may act for an enterprise: asked with a letter or the legal person's phone, verified by an officer, revocable."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.enterprises import enterprises
from domain.kernel import audit, database
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id
from domain.residents import phones

LIST_MAX = 200
Proof = Literal["letter", "legal_phone"]


class AlreadyDelegate(Refusal):
    """The account acts for the enterprise already, or its request waits."""

    code = "already-delegate"
    title = Text("已绑定或正在审核", "Bound already, or waiting for verification")
    advice = Text("无需重复申请。", "There is nothing to do.")


class LegalPhoneDiffers(Refusal):
    """The account's verified phone is not the one the bureau knows as the legal person's."""

    code = "legal-phone-differs"
    title = Text("手机号与法定代表人登记号码不一致", "Not the legal person's number")
    advice = Text(
        "请先用法定代表人手机号登录并验证，或改用授权书。",
        "Verify the legal person's number in your account first, or use a letter of authority.",
    )


class Delegation(msgspec.Struct, frozen=True, kw_only=True):
    """One account's standing with one enterprise."""

    id: UUID
    credit_code: str
    name: str
    proof: str
    state: str  # waiting | verified | declined | revoked
    asked_at: datetime
    phone_confirmed: bool | None = None  # the account's verified phone is the legal person's; null: unknown to us
    proof_note: str | None = None  # officers only


COLUMNS = "d.id, d.phone_confirmed, e.credit_code, e.name, d.proof, d.proof_note, d.accepted, d.revoked_at, d.asked_at"
FROM = "enterprise_delegate d join enterprise e on e.id = d.enterprise"


def _delegation(row: Any, *, with_note: bool = False) -> Delegation:
    state = "waiting" if row["accepted"] is None else "verified" if row["accepted"] else "declined"
    return Delegation(
        id=row["id"],
        credit_code=row["credit_code"],
        name=row["name"],
        proof=row["proof"],
        state="revoked" if row["revoked_at"] is not None else state,
        asked_at=row["asked_at"],
        phone_confirmed=None if row["phone_confirmed"] is None else bool(row["phone_confirmed"]),
        proof_note=row["proof_note"] if with_note else None,
    )


async def ask(credit_code: str, *, account: UUID, proof: Proof, note: str, now: datetime) -> UUID:
    """Asks to act for an enterprise, in the caller's transaction.

    By the legal person's phone: the account's own verified number must be the one the bureau noted, when it noted one.
    Raises `NotFound`, `AlreadyDelegate`, `LegalPhoneDiffers`.
    """
    enterprise = await enterprises.by_code(credit_code)
    confirmed = None
    if proof == "legal_phone" and enterprise["legal_phone"] is not None:
        if await phones.person_key(account) != enterprise["legal_phone"]:
            raise LegalPhoneDiffers
        confirmed = 1
    made = await database.fetch_value(
        "insert into enterprise_delegate (id, enterprise, account, proof, proof_note, asked_at, phone_confirmed)"
        " values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning id",
        new_id(),
        enterprise["id"],
        account,
        proof,
        note,
        now,
        confirmed,
    )
    if made is None:
        raise AlreadyDelegate
    return UUID(str(made))


async def decide(delegation: UUID, *, accept: bool, operator: UUID, now: datetime) -> None:
    """Verifies or declines once; raises `NotFound`."""
    row = await database.fetch_row(
        "update enterprise_delegate set accepted = $2, decided_by = $3, decided_at = $4"
        " where id = $1 and accepted is null and revoked_at is null returning id",
        delegation,
        int(accept),
        operator,
        now,
    )
    if row is None:
        raise NotFound
    await audit.append(
        actor=f"operator:{operator}",
        action="delegate.decide",
        subject=f"delegate:{delegation}",
        at=now,
        detail={"accepted": accept},
    )


async def revoke(delegation: UUID, *, by: str, now: datetime, account: UUID | None = None) -> None:
    """Ends a delegation; `account` limits it to one's own. Raises `NotFound`."""
    row = await database.fetch_row(
        "update enterprise_delegate set revoked_at = $2, revoked_by = $3"
        " where id = $1 and revoked_at is null and ($4::uuid is null or account = $4) returning id",
        delegation,
        now,
        by,
        account,
    )
    if row is None:
        raise NotFound
    await audit.append(actor=by, action="delegate.revoke", subject=f"delegate:{delegation}", at=now)


async def require(credit_code: str, *, account: UUID) -> Any:
    """The enterprise's row if the account is its verified delegate; else `NotFound`, as if there were none."""
    row = await database.fetch_row(
        "select e.* from enterprise_delegate d join enterprise e on e.id = d.enterprise"
        " where e.credit_code = $1 and d.account = $2 and d.accepted = 1 and d.revoked_at is null",
        credit_code,
        account,
    )
    if row is None:
        raise NotFound
    return row


async def of_account(account: UUID) -> list[Delegation]:
    """The delegations of an account, newest first."""
    rows: Sequence[Any] = await database.fetch(
        f"select {COLUMNS} from {FROM} where d.account = $1 order by d.asked_at desc limit {LIST_MAX}", account
    )
    return [_delegation(row) for row in rows]


async def waiting() -> list[Delegation]:
    """Requests an officer has to verify, oldest first."""
    rows = await database.fetch(
        f"select {COLUMNS} from {FROM} where d.accepted is null and d.revoked_at is null"
        f" order by d.asked_at limit {LIST_MAX}"
    )
    return [_delegation(row, with_note=True) for row in rows]
