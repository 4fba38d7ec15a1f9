"""Enterprises by credit code."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.credit_code import is_credit_code, normal_form
from domain.kernel.errors import Invalid, NotFound, Text
from domain.kernel.ids import new_id
from domain.residents import phones


class NewEnterprise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the bureau knows of an enterprise."""

    credit_code: str
    name: str
    industry: str | None = None
    town: str | None = None
    lng: float | None = None
    lat: float | None = None
    legal_phone: str | None = None  # the legal person's mobile number; only its keyed hash is kept


async def register(new: NewEnterprise, *, now: datetime) -> UUID:
    """Adds or updates an enterprise; returns its id. Raises `Invalid` for a code whose checks fail.

    Without a phone the known one stays.
    """
    if not is_credit_code(new.credit_code):
        raise Invalid(
            Text("统一社会信用代码校验不通过", "The credit code's check characters are wrong"), field="credit_code"
        )
    found: UUID = await database.fetch_value(
        "insert into enterprise as e (id, credit_code, name, industry, town, lng, lat, registered_at, legal_phone)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (credit_code) do update set name = excluded.name,"
        " industry = excluded.industry, town = excluded.town, lng = excluded.lng, lat = excluded.lat,"
        " legal_phone = coalesce(excluded.legal_phone, e.legal_phone) returning id",
        new_id(),
        normal_form(new.credit_code),
        new.name,
        new.industry,
        new.town,
        new.lng,
        new.lat,
        now,
        phones.number_hash(phones.read(new.legal_phone).e164) if new.legal_phone else None,
    )
    return found


async def by_code(credit_code: str) -> Any:
    """The enterprise's row; raises `NotFound`."""
    row = await database.fetch_row("select * from enterprise where credit_code = $1", normal_form(credit_code))
    if row is None:
        raise NotFound
    return row
