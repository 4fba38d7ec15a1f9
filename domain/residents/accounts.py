"""Accounts and the openids that lead to them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain.kernel import crypto, database, settings
from domain.kernel.errors import Refusal, Text
from domain.kernel.ids import new_id


class AccountFrozen(Refusal):
    """The account may not be used at present."""

    code = "account-not-usable"
    status = 403
    title = Text("账号暂不可用", "The account cannot be used")
    advice = Text("如有疑问请联系客服或拨打 12369。", "Please contact us or call 12369.")


SIGN_IN = """
with known as (select account from wechat_identity where openid_hash = $1),
born as (
  insert into account (id, created_at, status)
  select $2, $4, 'active' where not exists (select 1 from known) returning id),
linked as (
  insert into wechat_identity (id, account, openid_hash, openid_sealed, created_at)
  select $3, id, $1, $5, $4 from born)
select account from known union all select id from born
"""


def openid_hash(openid: str) -> bytes:
    """The keyed hash under which an openid is found."""
    return crypto.blind_index(openid, secret=settings.current().lookup_secret, purpose="openid")


async def account_for_openid(openid: str, *, now: datetime) -> UUID:
    """The account of this openid, made at the first sign-in; raises `AccountFrozen`. Runs in a transaction."""
    hashed, account = openid_hash(openid), new_id()
    sealed = crypto.key_ring(settings.current().seal_keys).seal(openid.encode(), context=f"openid:{hashed.hex()}")
    await database.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", hashed.hex())
    found: UUID = await database.fetch_value(SIGN_IN, hashed, account, new_id(), now, sealed)
    if found != account:
        await require_active(found)
    return found


async def require_active(account_id: UUID) -> None:
    """Raises `AccountFrozen` for a frozen or closed account."""
    if await database.fetch_value("select status from account where id = $1", account_id) != "active":
        raise AccountFrozen


async def closed_among(account_ids: Collection[UUID]) -> set[UUID]:
    """Those of these accounts that were closed: they are told nothing more."""
    if not account_ids:
        return set()
    rows = await database.fetch("select id from account where id = any($1) and status = 'closed'", list(account_ids))
    return {row["id"] for row in rows}


async def openid_of(account_id: UUID) -> str | None:
    """The account's openid, for sending to WeChat only."""
    return (await openids_of([account_id])).get(account_id)


async def openids_of(account_ids: Collection[UUID]) -> dict[UUID, str]:
    """The newest openid of each account that has one, for sending to WeChat only."""
    rows = await database.fetch(
        "select distinct on (account) account, openid_hash, openid_sealed from wechat_identity"
        " where account = any($1) order by account, created_at desc",
        list(account_ids),
    )
    ring = crypto.key_ring(settings.current().seal_keys)
    return {
        row["account"]: ring.open(row["openid_sealed"], context=f"openid:{row['openid_hash'].hex()}").decode()
        for row in rows
    }


async def account_of_openid(openid: str) -> UUID | None:
    """The account of an openid that has signed in before."""
    found: UUID | None = await database.fetch_value(
        "select account from wechat_identity where openid_hash = $1", openid_hash(openid)
    )
    return found
