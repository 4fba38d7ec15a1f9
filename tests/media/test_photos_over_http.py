"""A photograph's way over HTTP: sent, refused, used, shown, redacted, hidden, deleted."""

import io
import uuid

import httpx
import pytest
from PIL import Image

from domain.kernel import clock, database
from domain.kernel.errors import Refusal
from media import intake, publication, redaction, screening
from media.answers import Box
from media.limits import PHOTO_BYTES_MAX
from tests.builders import pictures
from tests.builders.media import a_photo

BASE = "http://127.0.0.1:8000"


async def send(phone: httpx.AsyncClient, data: bytes, **form: str) -> httpx.Response:
    return await phone.post("/v1/photos", files={"file": ("../../IMG 1\u202e.jpg", data, "text/html")}, data=form)


def path(url: str) -> str:
    return url.removeprefix(BASE)


def owner_of(phone: httpx.AsyncClient) -> str:
    return f"anonymous:{phone.headers['Upload-Session']}"


async def used(phone: httpx.AsyncClient, photo_id: str, *, allowed: bool = True) -> str:
    """Claims the photo for a report that exists only here, screens it and lets it be shown."""
    subject, now = f"report:{uuid.uuid4()}", clock.utc_now()
    async with database.transaction():
        await intake.claim_photos(owner=owner_of(phone), photo_ids=[uuid.UUID(photo_id)], subject=subject, now=now)
        if allowed:
            await publication.allow(subject, at=now)
    async with database.transaction():
        await screening._close(uuid.UUID(photo_id), "passed", now=now)
    return subject


async def public_address(photo_id: str) -> str:
    return f"/v1/photos/public/{await database.fetch_value('select public_token from photo where id = $1', uuid.UUID(photo_id))}/large.jpg"


async def test_a_photo_is_ready_when_the_answer_arrives(phone):
    answer = await send(phone, a_photo(seed=1), source="camera")

    assert answer.status_code == 201, answer.text
    photo = answer.json()
    assert (photo["state"], photo["width"], photo["height"]) == ("ready", 800, 600)
    preview = await phone.get(path(photo["preview"]))
    assert preview.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(preview.content)).size == (320, 240)
    assert (await phone.get(f"/v1/photos/{photo['id']}")).json()["id"] == photo["id"]


async def test_the_same_bytes_from_the_same_sender_are_the_same_photo(phone):
    first, second = (await send(phone, a_photo(seed=2))).json(), (await send(phone, a_photo(seed=2))).json()

    assert first["id"] == second["id"]


async def test_what_is_no_photo_is_refused_with_its_reason_and_remembered(phone):
    answer = await send(phone, pictures.animated("WEBP"))

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "photo-animated"
    assert answer.headers["content-type"].startswith("application/problem+json")
    row = await database.fetch_row("select state, reason, owner_tag is not null as owned from photo")
    assert (row["state"], row["reason"], row["owned"]) == ("rejected", "photo-animated", True)


@pytest.mark.parametrize("size", [PHOTO_BYTES_MAX, PHOTO_BYTES_MAX + 1])
async def test_bytes_are_counted_at_the_limit_whatever_the_header_says(phone, size):
    padded = a_photo(seed=3) + bytes(size - len(a_photo(seed=3)))

    async def pieces():
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        body = head + padded + b"\r\n--b--\r\n"
        for at in range(0, len(body), 65_536):
            yield body[at : at + 65_536]

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await phone.post("/v1/photos", content=pieces(), headers=headers)

    assert answer.status_code == (201 if size == PHOTO_BYTES_MAX else 413), answer.text
    if size > PHOTO_BYTES_MAX:
        assert answer.json()["code"] == "photo-too-large"


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("application/json", b"{}", 415, "unsupported-media-type"),
        ("multipart/form-data", b"", 415, "unsupported-media-type"),
        ("multipart/form-data; boundary=b", b"", 400, "malformed-request"),
        ("multipart/form-data; boundary=b", b"junk", 400, "malformed-request"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=", 400, "malformed-request"),
        ("multipart/form-data; boundary=b", b"--b--\r\n", 422, "photo-empty"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n\r\n--b--\r\n',
            422,
            "photo-empty",
        ),
    ],
)
async def test_broken_forms_are_refused(phone, content_type, body, status, code):
    answer = await phone.post("/v1/photos", content=body, headers={"Content-Type": content_type})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_photo_without_a_sender_is_refused(phone):
    answer = await phone.post(
        "/v1/photos", files={"file": ("x", a_photo(), "image/jpeg")}, headers={"Upload-Session": "short"}
    )

    assert answer.status_code == 400


async def test_another_sender_sees_nothing(phone):
    photo = (await send(phone, a_photo(seed=4))).json()["id"]
    stranger = {"Upload-Session": "somebody-else-0123456789"}

    foreign = await phone.get(f"/v1/photos/{photo}", headers=stranger)
    unknown = await phone.get(f"/v1/photos/{uuid.uuid4()}", headers=stranger)

    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json()["code"] == unknown.json()["code"]
    assert (await phone.delete(f"/v1/photos/{photo}", headers=stranger)).status_code == 404


async def test_nothing_is_public_before_rules_and_screening_allow_it(phone):
    photo = (await send(phone, a_photo(seed=6))).json()["id"]
    address = await public_address(photo)

    unclaimed = await phone.get(address)
    await used(phone, photo, allowed=False)
    not_allowed = await phone.get(address)
    subject = await database.fetch_value("select subject from photo where id = $1", uuid.UUID(photo))
    async with database.transaction():
        await publication.allow(subject, at=clock.utc_now())
    shown = await phone.get(address)
    async with database.transaction():
        await publication.set_hidden(
            uuid.UUID(photo), hidden=True, actor="operator:x", reason="plate", now=clock.utc_now()
        )
    hidden = await phone.get(address)

    assert [r.status_code for r in (unclaimed, not_allowed, shown, hidden)] == [404, 404, 200, 404]


async def test_a_public_copy_can_be_cached_asked_again_and_read_in_parts(phone):
    photo = (await send(phone, a_photo(seed=7))).json()["id"]
    await used(phone, photo)
    address = await public_address(photo)

    whole = await phone.get(address)
    same = await phone.get(address, headers={"If-None-Match": whole.headers["etag"]})
    part = await phone.get(address, headers={"Range": "bytes=100-199"})
    tail = await phone.get(address, headers={"Range": "bytes=-10"})
    beyond = await phone.get(address, headers={"Range": "bytes=99999999-"})
    stale = await phone.get(address, headers={"Range": "bytes=0-9", "If-Range": '"other"'})

    assert "immutable" in whole.headers["cache-control"]
    assert "public" in whole.headers["cache-control"]
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert (same.status_code, same.content) == (304, b"")
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    assert tail.content == whole.content[-10:]
    assert beyond.status_code == 416
    assert (stale.status_code, stale.content) == (200, whole.content)


async def test_guessed_names_find_nothing(phone):
    for name in ("/v1/photos/public/x/large.jpg", "/v1/photos/public/" + "A" * 22 + "/large.jpg"):
        assert (await phone.get(name)).status_code == 404
    assert (await phone.get("/v1/photos/public/" + "A" * 22 + "/original.jpg")).status_code == 404


async def test_a_signed_address_works_for_its_photo_and_time_only(phone):
    photo = (await send(phone, a_photo(seed=8))).json()
    good = path(photo["large"])

    assert (await phone.get(good)).status_code == 200
    assert (await phone.get(good[:-1] + ("A" if good[-1] != "A" else "B"))).status_code == 404
    assert (await phone.get(good.replace("expires=1", "expires=2"))).status_code == 404
    assert (await phone.get(good.replace("large", "small"))).status_code == 404


async def test_a_redaction_burns_boxes_in_and_kills_every_old_address(phone):
    sent = (await send(phone, a_photo(seed=9))).json()
    photo, parts = uuid.UUID(sent["id"]), phone.app.state.parts
    await used(phone, sent["id"])
    old, old_signed = await public_address(sent["id"]), path(sent["large"])

    async def burn(box: Box) -> int:
        return await redaction.redact(
            photo,
            [box],
            actor="operator:x",
            reason="a face",
            darkroom=parts.darkroom,
            store=parts.store,
            now=clock.utc_now(),
        )

    assert await burn(Box(left=0.25, top=0.25, width=0.25, height=0.25)) == 2
    assert await burn(Box(left=0.9, top=0.9, width=0.1, height=0.1)) == 3
    copy = Image.open(io.BytesIO((await phone.get(await public_address(sent["id"]))).content))

    assert (await phone.get(old)).status_code == (await phone.get(old_signed)).status_code == 404
    assert max(copy.getpixel((300, 225))) < 20
    assert max(copy.getpixel((790, 590))) < 20
    assert max(copy.getpixel((100, 50))) > 60
    acts = [
        row["act"] for row in await database.fetch("select act from photo_custody where photo = $1 order by id", photo)
    ]
    assert acts == ["received", "claimed", "redacted", "redacted"]


async def test_the_original_is_sealed_and_opens_to_the_same_bytes(phone):
    data = a_photo(seed=10)
    photo = uuid.UUID((await send(phone, data)).json()["id"])
    store = phone.app.state.parts.store
    key = await database.fetch_value("select original_key from photo where id = $1", photo)

    stored = await store.get(key, bytes_max=PHOTO_BYTES_MAX * 2)
    async with redaction.opened(photo, key, store=store) as clear:
        assert clear.read() == data
    assert data[1000:1100] not in stored
    assert str(photo) not in key


async def test_photos_are_claimed_all_or_none_and_once(phone):
    ids = [uuid.UUID((await send(phone, a_photo(seed=seed))).json()["id"]) for seed in (11, 12)]

    async def claim(owner, photo_ids):
        async with database.transaction():
            return await intake.claim_photos(owner=owner, photo_ids=photo_ids, subject="report:x", now=clock.utc_now())

    for owner, wanted in (
        (owner_of(phone), [*ids, uuid.uuid4()]),
        ("resident:x", ids),
        (owner_of(phone), [ids[0]] * 2),
    ):
        with pytest.raises(Refusal):
            await claim(owner, wanted)
    facts = await claim(owner_of(phone), ids[::-1])
    with pytest.raises(Refusal):
        await claim(owner_of(phone), ids)

    assert [fact.id for fact in facts] == ids[::-1]
    assert await database.fetch_value("select count(*) from photo where owner_tag is not null") == 0


async def test_a_photo_taken_back_is_gone(phone):
    sent = (await send(phone, a_photo(seed=13))).json()

    assert (await phone.delete(f"/v1/photos/{sent['id']}")).status_code == 204
    assert (await phone.get(f"/v1/photos/{sent['id']}")).status_code == 404
    assert (await phone.get(path(sent["preview"]))).status_code == 404
    job = await database.fetch_row("select kind, payload from send_job")
    assert job["kind"] == "photo-delete"


async def test_lookalikes_are_found_and_never_refused(phone):
    first = (await send(phone, a_photo(seed=14))).json()["id"]
    mirrored = Image.open(io.BytesIO(a_photo(seed=14))).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    width, height = mirrored.size
    cropped = Image.open(io.BytesIO(a_photo(seed=14))).crop((24, 18, width - 24, height - 18))
    smaller = Image.open(io.BytesIO(a_photo(seed=14))).resize((400, 300))
    for image in (mirrored, cropped, smaller):
        assert (await send(phone, pictures.saved(image, "JPEG", quality=60))).status_code == 201
    await send(phone, a_photo("smoke", seed=99))

    rows = await database.fetch("select kind from photo_match where earlier = $1 order by id", uuid.UUID(first))
    assert [row["kind"] for row in rows] == ["mirrored", "cropped", "similar"]


async def test_a_body_far_beyond_the_limit_is_answered_before_it_is_read(phone):
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(30 * PHOTO_BYTES_MAX)}
    answer = await phone.post("/v1/photos", content=b"--b\r\n", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "photo-too-large")
