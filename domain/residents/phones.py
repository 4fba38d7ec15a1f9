"""Phone numbers: read by `phonenumbers`, stored as E.164 sealed beside a keyed hash, shown masked.

A number without country code is read as a mainland one; Hong Kong, Macau, Taiwan and foreign numbers need `+`.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import phonenumbers

from domain.kernel import crypto, database, settings
from domain.kernel.errors import Invalid, Refusal, Text
from domain.kernel.ids import new_id

HOME_REGION = "CN"
TEXT_CHARS_MAX = 32
Proof = Literal["wechat", "sms"]


class PhoneUnreadable(Invalid):
    """Not a number that can receive a message."""

    code = "phone-unreadable"
    title = Text("手机号无效", "This is not a mobile number")
    advice = Text(
        "大陆号码填 11 位；港澳台及境外号码请加国家或地区代码，如 +852。",
        "11 digits for the mainland; with + and the country code for any other number.",
    )


class PhoneTaken(Refusal):
    """The number is bound to another account."""

    code = "phone-bound-elsewhere"
    title = Text("该手机号已绑定其他账号", "This number is bound to another account")
    advice = Text("请用原账号登录，或先在原账号解绑。", "Sign in with the other account or unbind it there first.")


class Phone(NamedTuple):
    """A number in E.164 form and its region (CN, HK, MO, TW, US…)."""

    e164: str
    region: str


def read(text: str) -> Phone:
    """The mobile number a person typed or WeChat gave; raises `PhoneUnreadable`."""
    try:
        number = phonenumbers.parse(text[:TEXT_CHARS_MAX], HOME_REGION)
    except phonenumbers.NumberParseException as error:
        raise PhoneUnreadable(field="phone") from error
    kind = phonenumbers.number_type(number)
    mobile = kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    region = phonenumbers.region_code_for_number(number)
    if not (phonenumbers.is_valid_number(number) and mobile and region):
        raise PhoneUnreadable(field="phone")
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), region)


def masked(e164: str) -> str:
    """For its owner's eyes: `+86 138****8000`, `+852 51****34`."""
    number = phonenumbers.parse(e164)
    national = phonenumbers.national_significant_number(number)
    head, tail = (3, 4) if len(national) >= 10 else (2, 2)  # noqa: PLR2004  a short number keeps fewer digits
    return f"+{number.country_code} {national[:head]}****{national[-tail:]}"


def number_hash(e164: str) -> bytes:
    """The keyed hash under which a number is found."""
    return crypto.blind_index(e164, secret=settings.current().lookup_secret, purpose="phone")


def seal_number(e164: str, *, owner: UUID) -> bytes:
    """The number, encrypted for this account's rows only."""
    ring = crypto.key_ring(settings.current().seal_keys)
    return ring.seal(e164.encode(), context=f"phone:{owner}")


def open_number(sealed: bytes, *, owner: UUID) -> str:
    """The number of a sealed value; raises `crypto.SealBroken`."""
    return crypto.key_ring(settings.current().seal_keys).open(sealed, context=f"phone:{owner}").decode()


BIND = """
insert into resident_phone (id, account, number_hash, number_sealed, region, proof, bound_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (account) do update set number_hash = $3, number_sealed = $4, region = $5, proof = $6, bound_at = $7
"""


async def bind(account_id: UUID, *, phone: Phone, proof: Proof, now: datetime) -> None:
    """Makes it the account's phone, in the caller's transaction; raises `PhoneTaken`. The caller has seen a proof."""
    hashed = number_hash(phone.e164)
    await database.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", hashed.hex())
    holder = await database.fetch_value("select account from resident_phone where number_hash = $1", hashed)
    if holder is not None and holder != account_id:
        raise PhoneTaken
    sealed = seal_number(phone.e164, owner=account_id)
    await database.execute(BIND, new_id(), account_id, hashed, sealed, phone.region, proof, now)


async def number_of(account_id: UUID) -> str | None:
    """The account's number in E.164 form, for sending and masking only."""
    sealed = await database.fetch_value("select number_sealed from resident_phone where account = $1", account_id)
    return None if sealed is None else open_number(sealed, owner=account_id)


async def numbers_of(account_ids: Collection[UUID]) -> dict[UUID, str]:
    """The numbers of those who bound one, for sending only."""
    rows = await database.fetch(
        "select account, number_sealed from resident_phone where account = any($1)", list(account_ids)
    )
    return {row["account"]: open_number(row["number_sealed"], owner=row["account"]) for row in rows}


async def person_key(account_id: UUID) -> bytes | None:
    """The keyed hash of the account's verified phone: one per person, for limits and rewards."""
    found: bytes | None = await database.fetch_value(
        "select number_hash from resident_phone where account = $1", account_id
    )
    return found
