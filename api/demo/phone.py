"""A resident's phone: the mini-program's HTTP calls, with WeChat's part played by the sandbox."""

import secrets
from typing import Any

import httpx

from api.demo.checks import Missed

TIMEOUT_S = 20.0


class Caller:
    """HTTP with a bearer token; every unexpected status is a miss that quotes the answer."""

    def __init__(self, base_url: str) -> None:
        """`base_url` of the API or of a sandbox."""
        self.http = httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S, trust_env=False)

    async def close(self) -> None:
        """Hangs up."""
        await self.http.aclose()

    def sign_in_as(self, token: str) -> None:
        """Sends this access token from now on."""
        self.http.headers["Authorization"] = f"Bearer {token}"

    async def call(
        self, method: str, path: str, *, status: int | tuple[int, ...] = (200, 201, 202, 204), **more: Any
    ) -> Any:
        """The decoded JSON answer (or bytes), when the status is an expected one."""
        answer = await self.raw(method, path, **more)
        allowed = (status,) if isinstance(status, int) else status
        if answer.status_code not in allowed:
            raise Missed(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json() if "json" in answer.headers.get("content-type", "") and answer.content else answer.content

    async def raw(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer as it came; a connection failure is a miss."""
        try:
            return await self.http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise Missed(f"{method} {path}: {type(error).__name__} {error}") from error

    async def get(self, path: str, **more: Any) -> Any:
        """GET."""
        return await self.call("GET", path, **more)

    async def post(self, path: str, **more: Any) -> Any:
        """POST with a fresh Idempotency-Key."""
        headers = {"Idempotency-Key": new_key()} | more.pop("headers", {})
        return await self.call("POST", path, headers=headers, **more)


def new_key() -> str:
    """An Idempotency-Key as the app makes one per draft."""
    return secrets.token_hex(16)
