"""Addresses of copies: what HEAD says, and the photographs of one step of a case."""

import uuid

import pytest

from domain.kernel import clock, database
from media import intake, publication, screening
from tests.builders.media import a_photo
from tests.media.test_photos_over_http import owner_of, path, public_address, send, used


async def test_head_says_what_get_would_say_without_the_picture(phone):
    sent = (await send(phone, a_photo(seed=21))).json()
    await used(phone, sent["id"])
    for address in (await public_address(sent["id"]), path(sent["large"])):
        whole, head = await phone.get(address), await phone.head(address)
        part = await phone.head(address, headers={"Range": "bytes=0-9"})

        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-length", "content-type", "cache-control", "accept-ranges", "content-disposition"):
            assert head.headers[name] == whole.headers[name], name
        assert head.headers.get("etag") == whole.headers.get("etag")
        assert part.status_code == 200  # a range is defined for GET only


async def test_head_is_conditional_and_ends_with_the_photo(phone):
    photo = (await send(phone, a_photo(seed=22))).json()["id"]
    await used(phone, photo)
    address = await public_address(photo)
    tag = (await phone.head(address)).headers["etag"]

    known = await phone.head(address, headers={"If-None-Match": tag})
    async with database.transaction():
        await publication.set_hidden(
            uuid.UUID(photo), hidden=True, actor="operator:x", reason="a face", now=clock.utc_now()
        )
    gone = await phone.head(address, headers={"If-None-Match": tag})

    assert (known.status_code, known.headers["etag"]) == (304, tag)
    assert gone.status_code == 404
    assert (await phone.head("/v1/photos/public/" + "A" * 22 + "/large.jpg")).status_code == 404


@pytest.mark.parametrize("verdict", ["passed", "review", "risky"])
async def test_the_photos_of_a_step_are_listed_in_order_once_they_passed(phone, verdict):
    update, now = uuid.uuid4(), clock.utc_now()
    ids = [uuid.UUID((await send(phone, a_photo(seed=seed))).json()["id"]) for seed in (23, 24)]
    nothing = (await phone.get(f"/v1/updates/{update}/photos")).json()
    async with database.transaction():
        await intake.claim_photos(owner=owner_of(phone), photo_ids=ids[::-1], subject=f"update:{update}", now=now)
        await publication.allow(f"update:{update}", at=now)
    waiting = (await phone.get(f"/v1/updates/{update}/photos")).json()
    for photo in ids:
        async with database.transaction():
            await screening._close(photo, verdict, now=now)
    shown = (await phone.get(f"/v1/updates/{update}/photos")).json()

    assert nothing == waiting == []
    if verdict != "passed":
        assert shown == []
        return
    assert [path(photo["large"]) for photo in shown] == [await public_address(str(photo)) for photo in ids[::-1]]
    assert {(photo["width"], photo["height"]) for photo in shown} == {(800, 600)}
    assert (await phone.get(path(shown[0]["small"]))).headers["content-type"] == "image/jpeg"
