"""A lost or refused photograph is something an operator sees, until it is settled."""

import uuid

import httpx
import msgspec
import pytest

from api.wiring import SUBSCRIBERS
from domain.kernel import clock, database, handling, outbox
from domain.kernel.settings import Settings
from media import fetching, screening
from media.events import PhotoFetchFailed, PhotoNeedsPerson, PhotoObjectMissing
from tests.builders.media import a_photo
from tests.builders.operators import CLERK, seed_officers, signed_in
from tests.media.test_guarded import response, server
from tests.media.test_keeping import run_jobs
from tests.media.test_photos_over_http import send, used


async def drained() -> None:
    now = clock.utc_now()
    await handling.handle(await outbox.claim(now=now), subscribers=SUBSCRIBERS, now=now)


async def told(*events) -> None:
    async with database.transaction():
        for event in events:
            await outbox.record(event, at=clock.utc_now())
    await drained()


async def listed(phone: httpx.AsyncClient, clerk: dict[str, str], **query: object) -> list[dict]:
    answer = await phone.get("/v1/operator/photo-concerns", params=query, headers=clerk)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


@pytest.fixture
async def clerk(phone, settings_with_s3: Settings) -> dict[str, str]:
    await seed_officers(settings_with_s3)
    return await signed_in(phone, CLERK)


async def test_every_kind_of_trouble_is_on_the_list_until_an_officer_says_what_was_done(phone, clerk):
    photo = (await send(phone, a_photo(seed=31))).json()["id"]
    subject = await used(phone, photo)
    await told(
        PhotoNeedsPerson(photo_id=uuid.UUID(photo), subject=subject, suggestion="risky"),
        PhotoObjectMissing(photo_id=uuid.UUID(photo), which="original"),
        PhotoObjectMissing(photo_id=uuid.UUID(photo), which="copies"),
    )
    found = await listed(phone, clerk)
    lost = next(one for one in found if one["kind"] == "original-lost")
    address = f"/v1/operator/photo-concerns/{lost['id']}/settlement"
    note = {"note": "已请居民重新上传原图"}

    assert [one["kind"] for one in found] == ["copies-lost", "original-lost", "risky"]
    assert {one["subject"] for one in found} == {subject}
    assert [one["kind"] for one in await listed(phone, clerk, kind="risky")] == ["risky"]
    assert (await phone.get("/v1/operator/photo-concerns")).status_code == 401
    assert (await phone.post(address, json=note, headers=clerk)).status_code == 204
    assert (await phone.post(address, json=note, headers=clerk)).status_code == 404
    assert len(await listed(phone, clerk)) == 2
    (settled,) = await listed(phone, clerk, settled=True)
    assert settled["note"] == note["note"]
    assert await database.fetch_value("select count(*) from audit_entry where action = 'photo-concern-settled'") == 1


async def test_deciding_a_review_settles_its_concern(phone, clerk):
    photo = (await send(phone, a_photo(seed=32))).json()["id"]
    await used(phone, photo)
    await database.execute("update photo set screening = 'open'")
    async with database.transaction():
        await screening._close(uuid.UUID(photo), "review", now=clock.utc_now())
    await drained()
    before = await listed(phone, clerk)
    answer = await phone.post(
        f"/v1/operator/photos/{photo}/review", json={"show": True, "reason": "只是泥土"}, headers=clerk
    )

    assert [one["kind"] for one in before] == ["review"]
    assert answer.status_code == 204, answer.text
    assert await listed(phone, clerk) == []


async def test_a_photo_nobody_could_fetch_is_a_concern_until_it_arrives(phone, clerk, settings_with_s3):
    parts, update = phone.app.state.parts, f"update:{uuid.uuid4()}"
    async with server(response("404 Not Found", b"")) as bad:
        chosen = msgspec.structs.replace(settings_with_s3, case_platform_url=f"http://127.0.0.1:{bad}")
        async with database.transaction():
            await fetching.queue([f"http://127.0.0.1:{bad}/1.jpg"], subject=update, now=clock.utc_now())
        sender = fetching.fetcher(settings=chosen, darkroom=parts.darkroom, store=parts.store)
        await run_jobs(fetching.FETCH_JOB, sender)
    await drained()
    before = await listed(phone, clerk, kind="fetch-failed")
    async with server(response("200 OK", a_photo(seed=33))) as good:
        await database.execute("update photo_fetch set url = $1", f"http://127.0.0.1:{good}/1.jpg")
        chosen = msgspec.structs.replace(settings_with_s3, case_platform_url=f"http://127.0.0.1:{good}")
        sender = fetching.fetcher(settings=chosen, darkroom=parts.darkroom, store=parts.store)
        dead = await phone.get("/v1/operator/send-jobs", params={"kind": "photo-fetch"}, headers=clerk)
        revived = await phone.post(
            "/v1/operator/send-jobs/revive",
            json={"job_ids": [job["id"] for job in dead.json()["items"]]},
            headers=clerk,
        )
        await run_jobs(fetching.FETCH_JOB, sender)

    assert [(one["subject"], one["reason"]) for one in before] == [(update, "status 404")]
    assert revived.json() == {"revived": 1}
    assert await listed(phone, clerk) == []
    assert (await listed(phone, clerk, settled=True))[0]["settled_by"] == "system"


def test_each_of_the_events_is_heard():
    for event in (PhotoNeedsPerson, PhotoFetchFailed, PhotoObjectMissing):
        assert SUBSCRIBERS[event]
