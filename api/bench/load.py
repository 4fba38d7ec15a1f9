"""A load generator that stays out of the way: prepared bytes over keep-alive connections, one coroutine each."""

import asyncio
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import msgspec

Prepare = Callable[[int], bytes]
CREATED, REDIRECT = 200, 400


class Load(msgspec.Struct, frozen=True):
    """What was answered: latencies in ms of all answers, statuses that were no success, and for how long it ran."""

    latencies_ms: list[float]
    failures: dict[int, int]
    seconds: float

    @property
    def count(self) -> int:
        """Successful answers."""
        return len(self.latencies_ms)


def request_bytes(method: str, url: str, *, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """One HTTP/1.1 request as it goes over the wire."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def always(request: bytes) -> Prepare:
    """The same request every time."""
    return lambda _: request


async def closed_loop(
    url: str, prepare: Prepare, *, connections: int, seconds: float, first: int = 0, pause_s: float = 0.0
) -> Load:
    """`connections` callers, each sending the next request `pause_s` after the last was answered, for `seconds`.

    `prepare(n)` gives the n-th request; numbers start at `first` and never repeat in one call.
    """
    numbers = iter(range(first, 2**62))
    latencies: list[float] = []
    failures: dict[int, int] = {}
    began = time.perf_counter()
    until = began + seconds
    await asyncio.gather(
        *(
            _caller(url, prepare, numbers, until=until, pause_s=pause_s, latencies=latencies, failures=failures)
            for _ in range(connections)
        )
    )
    return Load(latencies, failures, time.perf_counter() - began)


async def _caller(
    url: str,
    prepare: Prepare,
    numbers: Iterator[int],
    *,
    until: float,
    pause_s: float,
    latencies: list[float],
    failures: dict[int, int],
) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        while time.perf_counter() < until:
            asked = prepare(next(numbers))
            began = time.perf_counter()
            writer.write(asked)
            status = await read_answer(reader)
            if CREATED <= status < REDIRECT:
                latencies.append((time.perf_counter() - began) * 1000)
            else:
                failures[status] = failures.get(status, 0) + 1
            if pause_s:
                await asyncio.sleep(pause_s)
    finally:
        writer.close()


async def read_answer(reader: asyncio.StreamReader) -> int:
    """Reads one answer and drops its body; returns the status."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    if at >= 0:
        end = lowered.index(b"\r\n", at + 2)
        await reader.readexactly(int(lowered[at + 17 : end]))
    elif b"transfer-encoding: chunked" in lowered:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return status
