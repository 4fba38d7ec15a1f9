"""One signed S3 PUT with the standard library: enough to make the bucket and to prove that storing works.

AWS Signature Version 4, single chunk. Everything else about objects is `media`'s, which brings a real client.
"""

import hashlib
import hmac
import http.client
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote, urlsplit

REGION = "us-east-1"
TIMEOUT_S = 2.0
SIGNED_HEADERS = "host;x-amz-content-sha256;x-amz-date"
NO_ANSWER = 0


class Address(Protocol):
    """Where and as whom."""

    @property
    def url(self) -> str:
        """Base address."""

    @property
    def access_key(self) -> str:
        """Key id."""

    @property
    def secret_key(self) -> str:
        """Key."""


def signed_put(address: Address, *, path: str, body: bytes = b"", region: str = REGION) -> int:
    """The HTTP status of `PUT path`, or `NO_ANSWER` when nobody answers."""
    parts = urlsplit(address.url)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": moment}
    canonical = "\n".join(
        (
            "PUT",
            quote(path),
            "",
            *(f"{name}:{value}" for name, value in headers.items()),
            "",
            SIGNED_HEADERS,
            digest,
        )
    )
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    signature = _sign(address.secret_key, scope, f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashed}")
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={address.access_key}/{scope},"
        f" SignedHeaders={SIGNED_HEADERS}, Signature={signature}"
    )
    secure = parts.scheme == "https"
    wire = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(parts.netloc, timeout=TIMEOUT_S)
    try:
        wire.request("PUT", quote(path), body=body, headers=headers)
        return wire.getresponse().status
    except (OSError, http.client.HTTPException):
        return NO_ANSWER
    finally:
        wire.close()


def _sign(secret: str, scope: str, text: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()
