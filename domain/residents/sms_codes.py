"""Codes by SMS that prove a phone: six digits, ten minutes, once, for the request that asked, burnt by wrong tries."""

import base64
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.kernel import crypto, database, leases, settings
from domain.kernel.errors import Refusal, Text
from domain.kernel.ids import new_id
from domain.residents import phones
from domain.residents.phones import Phone

LIFETIME = timedelta(minutes=10)
WRONG_TRIES_MAX = 5
DIGITS = 6
JOB_KIND = "sms_code"


class SmsCodeRefused(Refusal):
    """Wrong, used, burnt, expired or not asked for by this account: one answer for all."""

    code = "sms-code-refused"
    status = 422
    title = Text("验证码不正确或已失效", "The code is wrong or no longer valid")
    advice = Text("请核对后重试，或重新获取验证码。", "Check the code, or ask for a new one.")


class Asked(NamedTuple):
    """A code on its way."""

    request_id: UUID
    expires_at: datetime


def _hash(code: str, *, request_id: UUID) -> bytes:
    return crypto.blind_index(code, secret=settings.current().lookup_secret, purpose=f"sms-code:{request_id}")


def _sealed_text(value: str, *, request_id: UUID) -> str:
    ring = crypto.key_ring(settings.current().seal_keys)
    return base64.b64encode(ring.seal(value.encode(), context=f"sms_code:{request_id}")).decode()


def open_text(sealed: str, *, request_id: UUID) -> str:
    """For the sender: the number or code of a job's payload; raises `crypto.SealBroken`."""
    ring = crypto.key_ring(settings.current().seal_keys)
    return ring.open(base64.b64decode(sealed), context=f"sms_code:{request_id}").decode()


async def ask(account_id: UUID, *, phone: Phone, now: datetime) -> Asked:
    """Stores a new code and queues its SMS, in the caller's transaction; older codes of the account die."""
    request_id, code = new_id(), f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    await database.execute("update sms_code set used_at = $2 where account = $1 and used_at is null", account_id, now)
    await database.execute(
        "insert into sms_code (id, account, number_hash, number_sealed, code_hash, created_at, expires_at, wrong_tries)"
        " values ($1, $2, $3, $4, $5, $6, $7, 0)",
        request_id,
        account_id,
        phones.number_hash(phone.e164),
        phones.seal_number(phone.e164, owner=account_id),
        _hash(code, request_id=request_id),
        now,
        now + LIFETIME,
    )
    payload = {
        "request_id": request_id,
        "phone": _sealed_text(phone.e164, request_id=request_id),
        "code": _sealed_text(code, request_id=request_id),
    }
    await leases.queue(kind=JOB_KIND, subject=f"sms_code:{request_id}", payload=payload, now=now)
    return Asked(request_id, now + LIFETIME)


TRY = """
update sms_code set wrong_tries = wrong_tries + case when code_hash = $3 then 0 else 1 end,
  used_at = case when code_hash = $3 or wrong_tries + 1 >= $5 then $4 end
where id = $1 and account = $2 and used_at is null and expires_at > $4
returning code_hash = $3 as right, number_sealed
"""


async def confirm(account_id: UUID, *, request_id: UUID, code: str, now: datetime) -> Phone | None:
    """The proven phone, or None for a wrong try: the caller commits either way, because tries are counted."""
    row = await database.fetch_row(
        TRY, request_id, account_id, _hash(code, request_id=request_id), now, WRONG_TRIES_MAX
    )
    if row is None or not row["right"]:
        return None
    return phones.read(phones.open_number(row["number_sealed"], owner=account_id))


async def forget_old(*, now: datetime) -> None:
    """Deletes codes that expired a day ago."""
    await database.execute("delete from sms_code where expires_at < $1", now - timedelta(days=1))
