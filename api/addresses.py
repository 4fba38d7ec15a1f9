"""Where a request really comes from: the peer, or what a trusted proxy says about it.

`X-Forwarded-For` counts only when the peer is listed in `GW_TRUSTED_PROXIES`; it is read from the right, past further
trusted proxies, so a header sent by the client changes nothing.
"""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

UNKNOWN = "0.0.0.0"  # noqa: S104 - not a binding: the name of "no address", shared by all such callers
IPV6_PREFIX = 64  # one subscriber usually holds a /64
Network = IPv4Network | IPv6Network


@lru_cache(maxsize=32)
def networks(setting: str) -> tuple[Network, ...]:
    """Comma-separated addresses or networks; raises ValueError on anything else."""
    return tuple(ip_network(part.strip(), strict=False) for part in setting.split(",") if part.strip())


def within(address: str, setting: str) -> bool:
    """Whether the address lies in one of the networks of the setting."""
    parsed = _parse(address)
    return parsed is not None and any(parsed in network for network in networks(setting))


@lru_cache(maxsize=4_096)
def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(text.strip())
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed


def client_address(scope: Mapping[str, Any], *, trusted: str) -> str:
    """The client's address as text; `UNKNOWN` when the server does not say."""
    client = scope.get("client")
    peer = str(client[0]) if client else UNKNOWN
    if not trusted or not within(peer, trusted):
        return peer
    hops = [part.strip() for name, value in scope["headers"] if name == b"x-forwarded-for" for part in _split(value)]
    for hop in reversed(hops):
        if _parse(hop) is None:
            return peer
        if not within(hop, trusted):
            return hop
    return peer


def _split(value: bytes) -> list[str]:
    return value.decode("latin-1").split(",")


def subscriber(address: str) -> str:
    """The address as one limit counts it: an IPv4 address, or the /64 of an IPv6 one."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed or UNKNOWN)
