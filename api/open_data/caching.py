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
from typing import Any

from litestar import Request, Response

from domain.disclosure import reading
from domain.disclosure.dataset import Dataset
from domain.disclosure.reading import Stamp
from domain.kernel import database
from domain.kernel.clock import DISTRICT_ZONE

STAMP_KEPT_S = 1.0
BODIES_MAX = 2_000
BODY_BYTES_MAX = 256 * 1024  # larger ones are made again
CACHE_CONTROL = "public, max-age=60, must-revalidate"
Make = Callable[[], Awaitable[bytes]]
Key = tuple[str, str, int, date, str]


class Answers:
    """What this process remembers; bounded, and void as soon as the stamp or the day changes."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._stamps: dict[tuple[str, str], tuple[Stamp, float]] = {}
        self._bodies: OrderedDict[Key, bytes] = OrderedDict()

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

    async def body(self, key: Key, make: Make) -> bytes:
        """The remembered body, or a new one."""
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
            return body
        body = await make()
        if len(body) <= BODY_BYTES_MAX:
            self._bodies[key] = body
            if len(self._bodies) > BODIES_MAX:
                self._bodies.popitem(last=False)
        return body


ANSWERS = Answers()
database.AFTER_COMMIT.append(ANSWERS.forget_stamps)


def _database() -> str:
    return str(database.ENGINE.config.get("dsn", ""))


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
    target = f"{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"
    stamp = together([await ANSWERS.stamp(used) for used in (dataset, *also)])
    headers = reading_headers(dataset, stamp=stamp, today=today, target=target)
    if headers["ETag"] in _tags(request):
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    key = (_database(), dataset.name, stamp.changes, today, target)
    return Response(await ANSWERS.body(key, make), headers=headers, media_type=media_type)


def together(stamps: Sequence[Stamp]) -> Stamp:
    """The stamp of several datasets: changes add up, so any change makes another number."""
    moments = [stamp.changed_at for stamp in stamps if stamp.changed_at is not None]
    return Stamp(sum(stamp.changes for stamp in stamps), max(moments, default=None))


def _tags(request: Request[Any, Any, Any]) -> list[str]:
    sent = request.headers.get("if-none-match", "")
    return [tag.strip().removeprefix("W/") for tag in sent.split(",")]


def reading_headers(dataset: Dataset, *, stamp: Stamp, today: date, target: str) -> dict[str, str]:
    """ETag, Last-Modified (the last change, or the midnight that may have ended a period), caching and CORS."""
    midnight = datetime.combine(today, clock_time(), tzinfo=DISTRICT_ZONE)
    modified = max(midnight, stamp.changed_at) if stamp.changed_at else midnight
    return {
        "ETag": f'"{dataset.name}-{stamp.changes}-{today:%Y%m%d}-{zlib.crc32(target.encode()):08x}"',
        "Last-Modified": format_datetime(modified.astimezone(UTC).replace(microsecond=0), usegmt=True),
        "Cache-Control": CACHE_CONTROL,
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag, Last-Modified, Link",
    }
