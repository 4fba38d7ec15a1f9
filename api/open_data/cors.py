"""Open data can be read by any web page: answers to reads name every origin, and their preflights are allowed.

Only without a token: a request that wants to send `Authorization` is left to the configured origins.
"""

from collections.abc import Mapping
from typing import Any

READ_PATHS = ("/v1/disclosure", "/v1/rivers", "/v1/enterprises", "/v1/notices", "/v1/public/", "/open311/")
ANY_ORIGIN = (b"access-control-allow-origin", b"*")
HARMLESS = frozenset({b"if-none-match", b"if-modified-since", b"accept", b"accept-language", b"x-request-id"})
PREFLIGHT = [
    ANY_ORIGIN,
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", b"If-None-Match, If-Modified-Since, Accept, Accept-Language, X-Request-Id"),
    (b"access-control-max-age", b"86400"),
]


def is_read(scope: Mapping[str, Any], *, audience: object) -> bool:
    """Whether the request reads open data."""
    return scope["method"] == "GET" and audience == "public" and scope["path"].startswith(READ_PATHS)


def is_preflight(scope: Mapping[str, Any]) -> bool:
    """Whether a browser asks if it may read open data without a token."""
    if scope["method"] != "OPTIONS" or not scope["path"].startswith(READ_PATHS):
        return False
    sent = dict(scope["headers"])
    wanted = sent.get(b"access-control-request-headers", b"").lower().split(b",")
    return (
        b"origin" in sent
        and sent.get(b"access-control-request-method") in {b"GET", b"HEAD"}
        and {name.strip() for name in wanted if name.strip()} <= HARMLESS
    )
