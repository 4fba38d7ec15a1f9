"""The request signatures of two SMS providers, pure: Alibaba Cloud ACS3 and Tencent Cloud TC3, both HMAC-SHA256."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

ALIYUN = "ACS3-HMAC-SHA256"
TENCENT = "TC3-HMAC-SHA256"
JSON_TYPE = "application/json; charset=utf-8"


def _hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def encode_query(params: Mapping[str, str]) -> str:
    """Sorted and percent-encoded as RFC 3986 wants it; this very text is signed and sent."""
    return "&".join(f"{quote(name, safe='-_.~')}={quote(params[name], safe='-_.~')}" for name in sorted(params))


def aliyun_headers(
    *, host: str, action: str, version: str, query: str, key_id: str, secret: str, at: datetime, nonce: str
) -> dict[str, str]:
    """The headers of an RPC call with an empty body, Authorization included."""
    signed = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": _hex(b""),
        "x-acs-date": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    canonical = "\n".join(("POST", "/", query, lines, names, signed["x-acs-content-sha256"]))
    proof = hmac.new(secret.encode(), f"{ALIYUN}\n{_hex(canonical.encode())}".encode(), "sha256").hexdigest()
    return signed | {"Authorization": f"{ALIYUN} Credential={key_id},SignedHeaders={names},Signature={proof}"}


def tencent_authorization(*, host: str, service: str, body: bytes, key_id: str, secret: str, at: datetime) -> str:
    """The Authorization header over content type, host and body."""
    stamp, day = int(at.timestamp()), at.astimezone(UTC).strftime("%Y-%m-%d")
    names = "content-type;host"
    canonical = f"POST\n/\n\ncontent-type:{JSON_TYPE}\nhost:{host}\n\n{names}\n{_hex(body)}"
    scope = f"{day}/{service}/tc3_request"
    key = f"TC3{secret}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    proof = hmac.new(key, f"{TENCENT}\n{stamp}\n{scope}\n{_hex(canonical.encode())}".encode(), "sha256").hexdigest()
    return f"{TENCENT} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={proof}"
