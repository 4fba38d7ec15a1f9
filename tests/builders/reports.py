"""Reports with ordinary defaults."""

import uuid
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from domain.kernel import clock, database
from domain.reports import submission
from domain.reports.drafts import Draft, Place
from tests.builders.residents import Resident, a_resident

INSIDE = {"lng": 120.0261, "lat": 30.4412, "datum": "wgs84"}  # in the town of Yunxi
SENDING = {"Idempotency-Key"}


def a_key() -> str:
    return uuid.uuid4().hex


def a_body(**changes: Any) -> dict[str, Any]:
    """The JSON of POST /v1/reports."""
    ordinary: dict[str, Any] = {
        "category": "water.outfall",
        "text": "排口有黑水流出，有异味",
        "place": INSIDE,
        "no_photo_reason": "dark",
    }
    return ordinary | changes


def a_draft(**changes: Any) -> Draft:
    ordinary: dict[str, Any] = {
        "category": "water.outfall",
        "text": "排口有黑水流出，有异味",
        "place": Place(lng=120.0261, lat=30.4412, datum="wgs84"),
        "no_photo_reason": "dark",
    }
    return Draft(**ordinary | changes)


async def a_report(*, sender: UUID | None = None, now: datetime | None = None, **changes: Any) -> UUID:
    """Stores a report of `sender` (a new resident by default); the `database` or `api` fixture must be open."""
    draft, now = a_draft(**changes), now or clock.utc_now()
    account = sender or (await a_resident(now=now)).account
    request = submission.resident_request(account, draft, key=a_key(), print_=b"print", now=now)
    async with database.transaction():
        return (await submission.submit_report(draft, request=request)).report_id


async def send(
    api: httpx.AsyncClient, resident: Resident | None, *, key: str | None = None, **changes: Any
) -> httpx.Response:
    """POST /v1/reports as the phone does it."""
    headers = {"Idempotency-Key": key or a_key()} | (resident.headers if resident else {})
    return await api.post("/v1/reports", json=a_body(**changes), headers=headers)
