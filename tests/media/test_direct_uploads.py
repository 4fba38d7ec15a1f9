"""A file posted straight to the store by a form the API made, then confirmed."""

import httpx

from media.limits import PHOTO_BYTES_MAX
from tests.builders.media import a_photo


async def test_a_direct_upload_is_confirmed_once(phone):
    form = (await phone.post("/v1/photos/uploads", json={"media_type": "image/jpeg"})).json()
    early = await phone.post(f"/v1/photos/uploads/{form['id']}/confirm")
    async with httpx.AsyncClient() as store:
        sent = await store.post(
            form["url"], data=form["fields"], files={"file": ("x.jpg", a_photo(seed=5), "image/jpeg")}
        )
    first = await phone.post(f"/v1/photos/uploads/{form['id']}/confirm")
    again = await phone.post(f"/v1/photos/uploads/{form['id']}/confirm")

    assert (early.status_code, early.json()["code"]) == (409, "upload-not-there")
    assert sent.status_code == 201, sent.text
    assert first.status_code == again.status_code == 201, first.text
    assert first.json()["id"] == again.json()["id"]
    assert await phone.app.state.parts.store.listing("incoming/") == []


async def test_the_store_refuses_what_the_form_does_not_allow(phone):
    form = (await phone.post("/v1/photos/uploads", json={"media_type": "image/jpeg"})).json()
    changed = form["fields"] | {"Content-Type": "image/svg+xml"}
    elsewhere = form["fields"] | {"key": "original/x"}
    async with httpx.AsyncClient() as store:
        file = {"file": ("x.jpg", b"x" * 100, "image/jpeg")}
        wrong_type = await store.post(form["url"], data=changed, files=file)
        wrong_key = await store.post(form["url"], data=elsewhere, files=file)
        large = {"file": ("x.jpg", bytes(PHOTO_BYTES_MAX + 1), "image/jpeg")}
        too_large = await store.post(form["url"], data=form["fields"], files=large)

    assert (wrong_type.status_code, wrong_key.status_code, too_large.status_code) == (403, 403, 400)


async def test_a_direct_upload_of_something_else_is_refused(phone):
    form = (await phone.post("/v1/photos/uploads", json={"media_type": "image/jpeg"})).json()
    async with httpx.AsyncClient() as store:
        await store.post(form["url"], data=form["fields"], files={"file": ("x.jpg", b"<svg/>", "image/jpeg")})
    answer = await phone.post(f"/v1/photos/uploads/{form['id']}/confirm")

    assert (answer.status_code, answer.json()["code"]) == (415, "photo-type-unsupported")
