"""Answers of public data: an ETag from the datasets' stamps and the day, 304 without work, bodies kept while valid.

A stamp is asked for at most once a second per process, and at once after any commit of this process. A kept answer is
given at the edge, before routing (`Answers.recall`): it costs less than the rate limit that would protect it.
"""

import time
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from datetime import time as clock_time
from email.utils import format_datetime
from functools import cached_property, lru_cache
from typing import Any

import msgspec
from litestar import Request, Response

from domain.disclosure import reading
from domain.disclosure.dataset import Dataset
from domain.disclosure.reading import Stamp
from domain.kernel import clock, database
from domain.kernel.clock import DISTRICT_ZONE

STAMP_KEPT_S = 1.0
BODIES_MAX = 2_000
BODY_BYTES_MAX = 512 * 1024  # larger ones are made again
KEPT_BYTES_MAX = 32 * 1024 * 1024
CACHE_CONTROL = "public, max-age=60, must-revalidate"
Make = Callable[[], Awaitable[bytes]]
Key = tuple[str, bytes]  # path, query

UNKNOWN = Stamp(0, None), 0.0


class Kept(msgspec.Struct, frozen=True, dict=True):
    """A whole answer and what it was made from."""

    datasets: tuple[Dataset, ...]
    changes: int
    day: date
    headers: Mapping[str, str]
    media_type: str
    body: bytes
    route: str  # the path's template, for counts and the log

    @cached_property
    def encoded(self) -> list[tuple[bytes, bytes]]:
        """The headers as ASGI wants them."""
        return [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers.items()]

    def status_for(self, if_none_match: str | None) -> int:
        """200, or 304 for a reader who has it already."""
        return 304 if if_none_match is not None and _names(if_none_match, self.headers["ETag"]) else 200

    async def give(self, scope: Mapping[str, Any], send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Sends the answer as an ASGI app would."""
        sent = next((value for name, value in scope["headers"] if name == b"if-none-match"), None)
        status = self.status_for(sent.decode("latin-1") if sent is not None else None)
        headers, body = self.encoded, b""
        if status == 200:  # noqa: PLR2004
            body = self.body
            headers = [*headers, (b"content-type", self.media_type.encode()), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Answers:
    """What this process remembers; bounded, and void as soon as a stamp or the day changes."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._stamps: dict[str, tuple[Stamp, float]] = {}
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0
        self._pool: object = None

    def _begin_again(self) -> None:
        """Another pool may be another database: nothing of the last one is true there."""
        self._stamps.clear()
        self._kept.clear()
        self._bytes, self._pool = 0, database.ENGINE.pool

    def forget_stamps(self) -> None:
        """Asks again at the next use."""
        self._stamps.clear()

    async def stamp(self, dataset: Dataset) -> Stamp:
        """The dataset's stamp, at most `STAMP_KEPT_S` old."""
        if self._pool is not database.ENGINE.pool:
            self._begin_again()
        known = self._stamps.get(dataset.name)
        if known is None or known[1] < time.monotonic():
            known = await reading.stamp(dataset), time.monotonic() + STAMP_KEPT_S
            self._stamps[dataset.name] = known
        return known[0]

    def recall(self, scope: Mapping[str, Any]) -> Kept | None:
        """The answer to a GET if it is remembered and every stamp it was made under is known and the same."""
        key = _key(scope)
        kept = self._kept.get(key)
        if kept is None or self._pool is not database.ENGINE.pool or kept.day != clock.local_day(clock.utc_now()):
            return None
        changes, now = 0, time.monotonic()
        for dataset in kept.datasets:
            stamp, until = self._stamps.get(dataset.name, UNKNOWN)
            if until < now:
                return None
            changes += stamp.changes
        if changes != kept.changes:
            return None
        self._kept.move_to_end(key)
        return kept

    def keep(self, scope: Mapping[str, Any], kept: Kept) -> None:
        """Remembers an answer unless it is too large; the least used ones make room."""
        if len(kept.body) > BODY_BYTES_MAX:
            return
        before = self._kept.pop(_key(scope), None)
        self._kept[_key(scope)] = kept
        self._bytes += len(kept.body) - (len(before.body) if before is not None else 0)
        while len(self._kept) > BODIES_MAX or self._bytes > KEPT_BYTES_MAX:
            self._bytes -= len(self._kept.popitem(last=False)[1].body)


ANSWERS = Answers()
database.AFTER_COMMIT.append(ANSWERS.forget_stamps)


def _key(scope: Mapping[str, Any]) -> Key:
    return scope["path"], scope["query_string"]


async def answer(
    request: Request[Any, Any, Any],
    *,
    dataset: Dataset,
    today: date,
    make: Make,
    media_type: str = "application/json",
    also: Sequence[Dataset] = (),
    headers: Mapping[str, str] | None = None,
) -> Response[Any]:
    """200 with the body, or 304 when the reader has it already. Readable from any origin, without credentials.

    `also` names further datasets that the body is made from.
    """
    used = (dataset, *also)
    stamp = together([await ANSWERS.stamp(one) for one in used])
    kept = ANSWERS.recall(request.scope)
    if kept is None:
        target = f"{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"
        kept = Kept(
            datasets=used,
            changes=stamp.changes,
            day=today,
            headers=reading_headers(dataset, stamp=stamp, today=today, target=target) | dict(headers or {}),
            media_type=media_type,
            body=await make(),
            route=request.scope.get("path_template") or request.scope["path"],
        )
        ANSWERS.keep(request.scope, kept)
    status = kept.status_for(request.headers.get("if-none-match"))
    body = kept.body if status == 200 else b""  # noqa: PLR2004
    return Response(body, status_code=status, headers=dict(kept.headers), media_type=media_type)


def answer_live(request: Request[Any, Any, Any], body: bytes) -> Response[Any]:
    """200 or 304 for a JSON body that was just made: its ETag is what it says."""
    headers = {
        "ETag": f'"{zlib.crc32(body):08x}-{len(body):x}"',
        "Cache-Control": CACHE_CONTROL,
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag, Last-Modified, Link",
    }
    sent = request.headers.get("if-none-match")
    if sent is not None and _names(sent, headers["ETag"]):
        return Response(b"", status_code=304, headers=headers, media_type="application/json")
    return Response(body, headers=headers, media_type="application/json")


def together(stamps: Sequence[Stamp]) -> Stamp:
    """The stamp of several datasets: changes add up, so any change makes another number."""
    moments = [stamp.changed_at for stamp in stamps if stamp.changed_at is not None]
    return Stamp(sum(stamp.changes for stamp in stamps), max(moments, default=None))


def _names(sent: str, tag: str) -> bool:
    return sent.strip() == "*" or tag in [named.strip().removeprefix("W/") for named in sent.split(",")]


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
