"""The object store dies in the middle of an upload and comes back: nothing is half there, and the retry succeeds."""

import uuid
from collections.abc import AsyncIterator, Iterator

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from api.embedded.stack import Stack
from domain.kernel import clock, database
from domain.kernel import settings as process_settings
from domain.kernel.settings import Settings
from media import chores, sweeping
from media.samples import sample_photo

HEADERS = {"Upload-Session": "journey-0123456789abcdef", "Content-Type": "multipart/form-data; boundary=b"}
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'


@pytest.fixture
def own_s3(tmp_path) -> Iterator[Stack]:
    with Stack(tmp_path, services=("s3",)) as stack:
        yield stack


@pytest.fixture
async def phone(settings: Settings, own_s3: Stack, redis: Redis) -> AsyncIterator[httpx.AsyncClient]:
    from api.app import create_app

    s3 = own_s3.s3
    chosen = msgspec.structs.replace(settings, s3_url=s3.url, s3_access_key=s3.access_key, s3_secret_key=s3.secret_key)
    process_settings.use(chosen)
    app = create_app(chosen)
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", timeout=60) as client,
    ):
        client.app = app  # type: ignore[attr-defined]
        yield client


async def test_the_store_stops_in_the_middle_of_an_upload_and_comes_back(phone, own_s3):
    data = sample_photo("river", seed=3, size=(800, 600))
    body = HEAD + data + b"\r\n--b--\r\n"

    async def broken_by_a_crash():
        yield body[: len(body) // 2]
        own_s3.child("s3").process.kill()
        own_s3.child("s3").process.wait()
        yield body[len(body) // 2 :]

    first = await phone.post("/v1/photos", content=body, headers=HEADERS)
    taken = first.json()["id"]
    async with database.transaction():
        await database.execute(
            "update photo set subject = 'report:x', owner_tag = null where id = $1", uuid.UUID(taken)
        )

    down = await phone.post("/v1/photos", content=broken_by_a_crash(), headers=HEADERS)
    preview_down = await phone.get(first.json()["preview"].removeprefix("http://127.0.0.1:8000"))
    still_alive = await phone.get("/v1/categories")

    assert (down.status_code, down.json()["code"]) == (503, "try-later")
    assert int(down.headers["retry-after"]) > 0
    assert preview_down.status_code == 503
    assert still_alive.status_code == 200
    assert await database.fetch_value("select count(*) from photo") == 1

    own_s3.revive("s3")
    again = await phone.post("/v1/photos", content=body, headers=HEADERS)
    preview = await phone.get(again.json()["preview"].removeprefix("http://127.0.0.1:8000"))

    assert again.status_code == 201, again.text
    assert preview.status_code == 200
    store = phone.app.state.parts.store
    for prefix in chores.SWEPT:
        outcome = await sweeping.sweep(store, prefix=prefix, after="", now=clock.utc_now())
        assert outcome.note.endswith(" 0 missing")
