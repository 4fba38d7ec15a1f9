"""Fetching from an address somebody else chose, without becoming their way into our network.

https only, no redirects, the host resolved once and every answer checked when connecting, the connection made to the
checked address, size and time capped. The configured case platform of a development installation may be plain and
local.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncGenerator, Iterable
from typing import Any
from urllib.parse import urlsplit

import httpcore

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 10.0
TOTAL_TIMEOUT_S = 40.0
URL_CHARS_MAX = 2_000
OK = 200
WORTH_RETRYING = frozenset({408, 425, 429, *range(500, 600)})


class AddressRefused(Exception):
    """The address may not be fetched; the text says why."""


class FetchFailed(Exception):
    """The other machine did not deliver; `permanent` says whether trying again is pointless."""

    def __init__(self, note: str, *, permanent: bool) -> None:
        """`note` holds no part of the address."""
        super().__init__(note)
        self.permanent = permanent


def check_public(address: str) -> None:
    """Raises `AddressRefused` unless the address is public: not private, loopback or link-local, however written."""
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    mapped = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    teredo = getattr(ip, "teredo", None)
    inner = [ip, *([mapped] if mapped else []), *(teredo or ())]
    for one in inner:
        if not one.is_global or one.is_multicast or one.is_reserved or one.is_unspecified:
            raise AddressRefused("the host has an address that is not public")


class Guarded(httpcore.AsyncNetworkBackend):
    """Connects only to public addresses, or to the exact hosts it trusts; checks what it really connects to."""

    def __init__(self, *, trusted: frozenset[tuple[str, int]]) -> None:
        """`trusted` are (host, port) pairs of our own configuration."""
        self._inner = httpcore.AnyIOBackend()
        self._trusted = trusted

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature of httpcore's backends
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolves once, checks every address, connects to the first."""
        addresses = await _resolve(host, port)
        if (host, port) not in self._trusted:
            for address in addresses:
                check_public(address)
        return await self._inner.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise AddressRefused("no local sockets")

    async def sleep(self, seconds: float) -> None:
        """Between httpcore's own retries, of which there are none."""
        await asyncio.sleep(seconds)


async def _resolve(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchFailed("the host name does not resolve", permanent=False) from error
    return [str(entry[4][0]) for entry in found]


def check_url(url: str, *, trusted: frozenset[tuple[str, int]]) -> None:
    """Raises `AddressRefused` for anything but https (or a trusted host), credentials, odd ports, oversized text."""
    if len(url) > URL_CHARS_MAX or not url.isascii() or any(c <= " " for c in url):
        raise AddressRefused("not a plain address")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressRefused("not an address") from error
    if (host, port or (443 if parts.scheme == "https" else 80)) in trusted and parts.scheme in ("http", "https"):
        return
    if parts.scheme != "https" or not host or parts.username or parts.password or port not in (None, 443, 8443):
        raise AddressRefused("only https addresses without credentials are fetched")


async def fetch(url: str, *, trusted: frozenset[tuple[str, int]]) -> AsyncGenerator[bytes, None]:
    """The body piece by piece; the caller counts bytes. Raises `AddressRefused` or `FetchFailed`."""
    check_url(url, trusted=trusted)
    timeouts = {
        "connect": CONNECT_TIMEOUT_S,
        "read": READ_TIMEOUT_S,
        "write": READ_TIMEOUT_S,
        "pool": CONNECT_TIMEOUT_S,
    }
    context = ssl.create_default_context()
    try:
        async with (
            asyncio.timeout(TOTAL_TIMEOUT_S),
            httpcore.AsyncConnectionPool(ssl_context=context, network_backend=Guarded(trusted=trusted)) as pool,
            pool.stream("GET", url, headers={"Accept": "image/*"}, extensions={"timeout": timeouts}) as answer,
        ):
            if answer.status != OK:
                raise FetchFailed(f"status {answer.status}", permanent=answer.status not in WORTH_RETRYING)
            async for piece in answer.aiter_stream():
                yield piece
    except (TimeoutError, OSError, httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise FetchFailed(type(error).__name__, permanent=isinstance(error, ssl.SSLCertVerificationError)) from error
