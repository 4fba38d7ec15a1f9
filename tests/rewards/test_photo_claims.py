"""Photographs as proof over HTTP with a real object store: used before, EXIF, peers, findings of a patrol."""

import io

import httpx
import pytest
from PIL import Image

from domain.kernel import clock
from domain.kernel import database as db
from rewards import awarding
from tests.builders.media import a_photo
from tests.builders.reports import a_body, a_key
from tests.builders.residents import a_resident
from tests.builders.rewards import state_of
from tests.media.conftest import phone  # noqa: F401
from tests.rewards.test_patrols import a_patrol
from tests.rewards.test_peer_review import an_experienced_one

pytestmark = pytest.mark.anyio


async def uploaded(phone: httpx.AsyncClient, who, data: bytes) -> str:  # noqa: F811
    answer = await phone.post("/v1/photos", files={"file": ("p.jpg", data, "image/jpeg")}, headers=who.headers)
    assert answer.is_success, answer.text
    return answer.json()["id"]


async def claims(phone: httpx.AsyncClient, who, photo: str, **changes) -> str:  # noqa: F811
    """A clean plate with this photograph, judged at once."""
    body = {
        "behaviour": "clean-plate",
        "photo_ids": [photo],
        "happened_at": clock.utc_now().isoformat(),
        "inputs": {"meals": "1"},
    }
    headers = who.headers | {"Idempotency-Key": a_key()}
    answer = await phone.post("/v1/claims", headers=headers, json=body | changes)
    assert answer.status_code == 201, answer.text
    claim = answer.json()["claim"]
    async with db.transaction():
        await awarding.settle(claim, now=clock.utc_now())
    return claim


def mirrored(data: bytes) -> bytes:
    """The picture as a cheat saves it again."""
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(out, "JPEG", quality=80)
    return out.getvalue()


def cropped(data: bytes) -> bytes:
    """A tenth cut away."""
    picture, out = Image.open(io.BytesIO(data)), io.BytesIO()
    width, height = picture.size
    picture.crop((width // 20, height // 20, width - width // 20, height - height // 20)).save(out, "JPEG", quality=85)
    return out.getvalue()


@pytest.mark.parametrize("changed", [mirrored, cropped])
async def test_abuse_06_somebody_elses_photograph_changed_a_little_is_held_as_such(phone, changed):  # noqa: F811
    one, other, honest = await a_resident(), await a_resident(), await a_resident()
    original = a_photo(seed=61)
    first = await claims(phone, one, await uploaded(phone, one, original))
    copied = await claims(phone, other, await uploaded(phone, other, changed(original)))
    own = await claims(phone, honest, await uploaded(phone, honest, a_photo("dust", seed=62)))

    assert [await state_of(claim) for claim in (first, copied, own)] == [
        ("held", "awaiting-review"),
        ("held", "photo-seen-before"),
        ("held", "awaiting-review"),
    ]


async def test_abuse_07_a_photographs_own_metadata_never_raises_its_class(phone):  # noqa: F811
    who = await a_resident()
    claim = await claims(phone, who, await uploaded(phone, who, a_photo(seed=71, taken_at=clock.utc_now())))

    assert await state_of(claim) == ("held", "awaiting-review")
    assert await db.fetch_value("select trust from reward_claim where id = $1", claim) == "C"


async def test_peers_see_a_photograph_only_with_the_senders_word_and_after_screening(phone):  # noqa: F811
    who, peer = await a_resident(), await a_resident()
    await an_experienced_one(peer.account, now=clock.utc_now())
    await claims(phone, who, await uploaded(phone, who, a_photo(seed=81)))
    photo = await uploaded(phone, who, a_photo("dust", seed=82))
    allowed = await claims(phone, who, photo, peers_may_look=True)

    async def offered():
        return (await phone.get("/v1/peer-reviews/next", headers=peer.headers)).json()["claim"]

    unscreened = await offered()
    queued = await db.fetch_value("select count(*) from send_job where kind = 'photo-screen'")
    await db.execute("update photo set screening = 'passed' where id = $1", photo)
    shown = await offered()
    picture = await phone.get(shown["photos"][0])

    assert (unscreened, queued, shown["claim"]) == (None, 1, allowed)
    assert picture.headers["content-type"] == "image/jpeg"
    assert str(who.account) not in str(shown)


async def test_a_finding_of_a_patrol_carries_its_photograph(phone):  # noqa: F811
    now, me = clock.utc_now(), await a_resident()
    event, photo = await a_patrol(me, now=now), await uploaded(phone, me, a_photo(seed=91))
    body = a_body(photo_ids=[photo])
    body.pop("no_photo_reason")
    sent = await phone.post(
        f"/v1/activities/{event.id}/findings", json=body, headers=me.headers | {"Idempotency-Key": a_key()}
    )

    assert sent.status_code == 201, sent.text
    assert await db.fetch_value("select subject from photo where id = $1", photo) == f"report:{sent.json()['id']}"
    assert await db.fetch_value("select activity from patrol_finding") == event.id
