"""Answers of public data: an ETag from the dataset's stamp and the day, 304 without work, bodies kept while valid.

A stamp is asked for at most once a second per process, and at once after any commit of this process.
"""

import time
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from datetime import time as clock_time
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from litestar import Request, Response

from domain.disclosure import reading
from domain.disclosure.dataset import Dataset
from domain.disclosure.reading import Stamp
from domain.kernel import clock, database
from domain.kernel.clock import DISTRICT_ZONE

STAMP_KEPT_S = 1.0
BODIES_MAX = 2_000
BODY_BYTES_MAX = 256 * 1024  # larger ones are made again
CACHE_CONTROL = "public, max-age=60, must-revalidate"
Make = Callable[[], Awaitable[bytes]]
Key = tuple[str, str, int, date, str]
Kept = tuple[dict[str, str], bytes]


class Answers:
    """What this process remembers; bounded, and void as soon as the stamp or the day changes."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._stamps: dict[tuple[str, str], tuple[Stamp, float]] = {}
        self._kept: OrderedDict[Key, Kept] = OrderedDict()

    def forget_stamps(self) -> None:
        """Asks again at the next use."""
        self._stamps.clear()

    async def stamp(self, dataset: Dataset) -> Stamp:
        """The dataset's stamp, at most `STAMP_KEPT_S` old."""
        key = (_database(), dataset.name)
        known = self._stamps.get(key)
        if known is None or known[1] < time.monotonic():
            known = await reading.stamp(dataset), time.monotonic() + STAMP_KEPT_S
            self._stamps[key] = known
        return known[0]

    def find(self, key: Key) -> Kept | None:
        """What is remembered under the key."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, key: Key, kept: Kept) -> None:
        """Remembers an answer unless it is too large."""
        if len(kept[1]) <= BODY_BYTES_MAX:
            self._kept[key] = kept
            if len(self._kept) > BODIES_MAX:
                self._kept.popitem(last=False)


ANSWERS = Answers()
database.AFTER_COMMIT.append(ANSWERS.forget_stamps)


def _database() -> str:
    return str(database.ENGINE.config.get("dsn", ""))


def _target(request: Request[Any, Any, Any]) -> str:
    return f"{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"


def remembered(dataset: Dataset) -> Callable[[Request[Any, Any, Any]], Awaitable[Response[Any] | None]]:
    """For a route's `before_request`: the remembered answer, before any parameter is read; None when there is none."""

    async def look(request: Request[Any, Any, Any]) -> Response[Any] | None:
        stamp, today = await ANSWERS.stamp(dataset), clock.local_day(clock.utc_now())
        kept = ANSWERS.find((_database(), dataset.name, stamp.changes, today, _target(request)))
        return None if kept is None else _answered(request, kept, media_type="application/json")

    return look


def _answered(request: Request[Any, Any, Any], kept: Kept, *, media_type: str) -> Response[Any]:
    headers, body = kept
    sent = request.headers.get("if-none-match")
    if sent is not None and headers["ETag"] in _tags(sent):
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(body, headers=headers, media_type=media_type)


async def answer(
    request: Request[Any, Any, Any],
    *,
    dataset: Dataset,
    today: date,
    make: Make,
    media_type: str = "application/json",
    also: Sequence[Dataset] = (),
) -> Response[Any]:
    """200 with the body, or 304 when the reader has it already. Readable from any origin, without credentials.

    `also` names further datasets that the body is made from.
    """
    target = _target(request)
    stamp = together([await ANSWERS.stamp(used) for used in (dataset, *also)])
    key = (_database(), dataset.name, stamp.changes, today, target)
    kept = ANSWERS.find(key)
    if kept is None:
        kept = reading_headers(dataset, stamp=stamp, today=today, target=target), await make()
        ANSWERS.keep(key, kept)
    return _answered(request, kept, media_type=media_type)


def together(stamps: Sequence[Stamp]) -> Stamp:
    """The stamp of several datasets: changes add up, so any change makes another number."""
    moments = [stamp.changed_at for stamp in stamps if stamp.changed_at is not None]
    return Stamp(sum(stamp.changes for stamp in stamps), max(moments, default=None))


def _tags(sent: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in sent.split(",")]


def reading_headers(dataset: Dataset, *, stamp: Stamp, today: date, target: str) -> dict[str, str]:
    """ETag, Last-Modified (the last change, or the midnight that may have ended a period), caching and CORS."""
    return {
        "ETag": f'"{dataset.name}-{stamp.changes}-{today:%Y%m%d}-{zlib.crc32(target.encode()):08x}"',
        "Last-Modified": _modified(stamp.changed_at, today),
        "Cache-Control": CACHE_CONTROL,
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag, Last-Modified, Link",
    }


@lru_cache(maxsize=256)
def _modified(changed_at: datetime | None, today: date) -> str:
    midnight = datetime.combine(today, clock_time(), tzinfo=DISTRICT_ZONE)
    modified = max(midnight, changed_at) if changed_at else midnight
    return format_datetime(modified.astimezone(UTC).replace(microsecond=0), usegmt=True)
