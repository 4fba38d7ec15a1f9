"""Open311 GeoReport v2 as the second way to hand a case over, for a city that speaks it instead of our contract.

Only hand-overs exist there; other messages have no counterpart. Open311 knows no idempotency key, so before a repeated
attempt the peer's latest requests are searched for our number, which stands in the description.
"""

from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from api.case_platform.payloads import CaseEvent, HandoverTaken
from api.parts import Parts

HANDS_OVER = ("green-whistle.case.opened.v1", "green-whistle.case.reopened.v1")
SEARCHED = timedelta(days=4)  # longer than the schedule of attempts
DESCRIPTION_CHARS_MAX = 4_000
ANSWER_BYTES_MAX = 4 * 1024 * 1024


def mark(event: CaseEvent) -> str:
    """What our request is found by at the peer."""
    return f"[{event.data.reports[0].number}/{event.data.round}]"


def form(event: CaseEvent, *, api_key: str) -> dict[str, str]:
    """The fields of POST requests. The reporter has no place in it, not even the pseudonym."""
    report = event.data.reports[0]
    fields = {
        "api_key": api_key,
        "service_code": event.data.category,
        "lat": f"{report.place.lat:.7f}",
        "long": f"{report.place.lng:.7f}",
        "address_string": report.place.address or "",
        "description": f"{report.text}\n{mark(event)}"[-DESCRIPTION_CHARS_MAX:],
        "media_url": report.photos[0].url if report.photos else "",
    }
    return {name: value for name, value in fields.items() if value}


async def post(event: CaseEvent, *, parts: Parts) -> httpx.Response:
    """One attempt; raises `httpx.HTTPError`."""
    return await parts.http.post(
        parts.settings.case_platform_url.rstrip("/") + "/requests.json",
        data=form(event, api_key=parts.settings.case_platform_api_key),
    )


def read(response: httpx.Response, *, now: datetime) -> HandoverTaken | None:
    """The peer's id, or its token while it has none yet; None when the answer is unreadable."""
    for row in _rows(response):
        given = str(row.get("service_request_id") or "") or (f"token:{row['token']}" if row.get("token") else "")
        if given:
            return HandoverTaken(platform_case_id=given[:80], accepted_at=now)
    return None


async def find(event: CaseEvent, *, parts: Parts, now: datetime) -> HandoverTaken | None:
    """A request an earlier attempt has made, although its answer was lost; raises `httpx.HTTPError`."""
    response = await parts.http.get(
        parts.settings.case_platform_url.rstrip("/") + "/requests.json",
        params={"service_code": event.data.category, "start_date": (now - SEARCHED).strftime("%Y-%m-%dT%H:%M:%SZ")},
    )
    if not response.is_success:
        return None
    for row in _rows(response):
        if mark(event) in str(row.get("description") or "") and row.get("service_request_id"):
            return HandoverTaken(platform_case_id=str(row["service_request_id"])[:80], accepted_at=now)
    return None


def _rows(response: httpx.Response) -> list[dict[str, Any]]:
    if len(response.content) > ANSWER_BYTES_MAX:
        return []
    try:
        return msgspec.json.decode(response.content, type=list[dict[str, Any]])
    except (UnicodeDecodeError, msgspec.MsgspecError):
        return []
