"""Photographs over HTTP: a client on the app with a real object store, and somebody signed in."""

import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
from redis.asyncio import Redis

from domain.kernel.settings import Settings
from tests.conftest import app_of

SESSION = "upload-session-0123456789abcdef"


@pytest.fixture
async def phone(settings_with_s3: Settings, database_url: str, redis: Redis) -> AsyncIterator[httpx.AsyncClient]:
    """A phone without a token: it names an upload session of its own."""
    app = app_of(settings_with_s3)
    headers = {"Upload-Session": f"{SESSION}-{uuid.uuid4().hex[:8]}"}
    async with (
        app.lifespan(),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test", headers=headers, timeout=60
        ) as client,
    ):
        client.app = app  # type: ignore[attr-defined]
        yield client
