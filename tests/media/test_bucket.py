"""`green-whistle migrate` makes the bucket once, and neither it nor the doctor accepts one that answers strangers."""

import asyncio
import http.server
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

from api import doctor
from api.embedded.environment import as_environment
from domain.kernel.errors import TryLater
from domain.kernel.settings import Settings
from media import bucket
from media.store import Store
from tests.api.test_cli import command


@pytest.fixture
def fresh(settings_with_s3: Settings) -> Settings:
    """A bucket that does not exist yet."""
    return msgspec.structs.replace(settings_with_s3, s3_bucket=f"fresh-{uuid4().hex[:12]}")


@pytest.fixture
async def http_client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def test_the_bucket_is_made_once_and_closed_to_strangers(fresh: Settings, http_client: httpx.AsyncClient) -> None:
    assert await bucket.state_of(fresh, http=http_client) == "missing"

    made = [await bucket.prepare(fresh, http=http_client) for _ in range(2)]

    assert made == [True, False]
    assert await bucket.state_of(fresh, http=http_client) == "private"
    async with Store(fresh) as store:
        assert await store.listing("") == []  # the probe is gone


async def test_two_migrators_at_once_make_one_bucket(fresh: Settings, http_client: httpx.AsyncClient) -> None:
    made = await asyncio.gather(*(bucket.prepare(fresh, http=http_client) for _ in range(2)))

    assert await bucket.state_of(fresh, http=http_client) == "private"
    assert any(made)


async def test_migrate_and_doctor_say_what_they_found(fresh: Settings) -> None:
    before = await doctor.objects_finding(fresh)
    migrated = [await asyncio.to_thread(command, "migrate", **environment(fresh)) for _ in range(2)]
    after = await doctor.objects_finding(fresh)

    assert (before.mark, after.mark) == ("wrong", "ok")
    assert "green-whistle migrate" in before.says
    assert [done.returncode for done in migrated] == [0, 0], migrated
    assert [done.stdout.splitlines()[-1] for done in migrated] == [
        f"bucket {fresh.s3_bucket}: {word}, closed to strangers" for word in ("made", "there")
    ]


def environment(settings: Settings) -> dict[str, str]:
    return {name: value for name, value in as_environment(settings).items() if name.startswith("GW_")}


async def test_wrong_keys_are_told_apart_from_a_missing_bucket(fresh: Settings) -> None:
    wrong = msgspec.structs.replace(fresh, s3_secret_key="not-the-key")

    finding = await doctor.objects_finding(wrong)

    assert finding.mark == "wrong"
    assert "GW_S3_SECRET_KEY" in finding.says


class Careless(http.server.BaseHTTPRequestHandler):
    """An object store that lets everybody read: what a public bucket looks like from outside."""

    protocol_version = "HTTP/1.1"  # knows `Expect: 100-continue`

    def answer(self, status: int = 200) -> None:
        length = int(self.headers.get("content-length") or 0)
        self.rfile.read(length)
        body = b"<DeleteResult/>" if self.command == "POST" else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - names of the standard library

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def careless() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


async def test_a_bucket_that_answers_strangers_is_refused(
    careless: str, fresh: Settings, http_client: httpx.AsyncClient
) -> None:
    chosen = msgspec.structs.replace(fresh, s3_url=careless)

    with pytest.raises(bucket.BucketOpen):
        await bucket.prepare(chosen, http=http_client)
    assert (await doctor.objects_finding(chosen)).mark == "wrong"


async def test_a_store_that_never_comes_up_is_waited_for_and_told(
    fresh: Settings, http_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "WAIT_S", 0.0)
    monkeypatch.setattr(bucket, "TRIES", 2)
    chosen = msgspec.structs.replace(fresh, s3_url="http://127.0.0.1:1")

    with pytest.raises(TryLater):
        await bucket.prepare(chosen, http=http_client)
