"""Addresses chosen by others: only public https is fetched, and what is connected to is what was checked."""

import asyncio
import contextlib

import pytest

from domain.kernel.settings import Settings
from media import guarded
from media.fetching import trusted_hosts
from media.guarded import AddressRefused, FetchFailed, check_public, check_url

NOBODY: frozenset[tuple[str, int]] = frozenset()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",  # noqa: S104
        "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::df05:505", "2002:7f00:0001::", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(address):
    with pytest.raises(AddressRefused):
        check_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "223.5.5.5", "2400:3200::1"])
def test_public_addresses_are_not(address):
    check_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a.jpg", "ftp://example.com/a", "file:///etc/passwd", "https://user:pw@example.com/", "",
        "https://example.com:22/", "https://", "javascript:alert(1)", "https://exa mple.com/", "https://example.com/\r\nx",
        "https://例子.com/", "https://[::1", "gopher://x", "https://example.com/" + "a" * 3000, "http://127.0.0.1:9000/a",
    ],
)  # fmt: skip
def test_addresses_of_the_wrong_kind_are_refused(url):
    with pytest.raises(AddressRefused):
        check_url(url, trusted=NOBODY)


def test_only_a_development_installation_trusts_its_plain_platform():
    sandbox = Settings(case_platform_url="http://127.0.0.1:9000")
    assert trusted_hosts(sandbox) == {("127.0.0.1", 9000)}
    check_url("http://127.0.0.1:9000/photos/1.jpg", trusted=trusted_hosts(sandbox))
    with pytest.raises(AddressRefused):
        check_url("http://127.0.0.1:9001/", trusted=trusted_hosts(sandbox))
    with pytest.raises(AddressRefused):
        check_url("file://127.0.0.1:9000/etc", trusted=trusted_hosts(sandbox))


@contextlib.asynccontextmanager
async def server(answer: bytes):
    """A real server that answers everything with the same bytes."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        yield running.sockets[0].getsockname()[1]


async def fetched(url: str, trusted: frozenset[tuple[str, int]]) -> bytes:
    return b"".join([piece async for piece in guarded.fetch(url, trusted=trusted)])


def response(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def test_a_name_that_leads_inside_is_refused_when_connecting():
    for host in ("localhost", "127.0.0.1", "[::1]", "0x7f.1", "2130706433"):
        with pytest.raises((AddressRefused, FetchFailed)):
            await fetched(f"https://{host}/latest/meta-data", NOBODY)


async def test_the_configured_platform_is_fetched_and_redirects_are_not_followed():
    async with server(response("200 OK", b"photo")) as port:
        assert await fetched(f"http://127.0.0.1:{port}/x", frozenset({("127.0.0.1", port)})) == b"photo"
    async with server(response("302 Found", b"", "Location: http://169.254.169.254/")) as port:
        with pytest.raises(FetchFailed) as failure:
            await fetched(f"http://127.0.0.1:{port}/x", frozenset({("127.0.0.1", port)}))

    assert failure.value.permanent


@pytest.mark.parametrize(("status", "permanent"), [("404 Not Found", True), ("503 Down", False), ("429 Slow", False)])
async def test_what_is_worth_retrying(status, permanent):
    async with server(response(status, b"")) as port:
        with pytest.raises(FetchFailed) as failure:
            await fetched(f"http://127.0.0.1:{port}/x", frozenset({("127.0.0.1", port)}))

    assert failure.value.permanent is permanent


async def test_a_peer_that_breaks_off_failed_for_now():
    async with server(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf") as port:
        with pytest.raises(FetchFailed) as failure:
            await fetched(f"http://127.0.0.1:{port}/x", frozenset({("127.0.0.1", port)}))

    assert not failure.value.permanent
