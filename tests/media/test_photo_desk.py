"""Officers and photographs: queues, boxes, holds, and the sealed original, each with a reason on record."""

import io
import uuid

import httpx
import msgspec
from PIL import Image

from domain.kernel import clock, database
from domain.reports import evidence
from domain.reports.events import ReportSubmitted
from media import handlers, screening
from tests.builders.media import a_photo
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.media.test_photos_over_http import public_address, send, used

WHY = {"reason": "a licence plate"}


async def officer(phone: httpx.AsyncClient, who=CLERK) -> dict[str, str]:
    await seed_officers(phone.app.state.parts.settings)
    return await signed_in(phone, who)


async def test_an_officer_burns_boxes_in_and_reads_the_custody(phone):
    photo = (await send(phone, a_photo(seed=21))).json()["id"]
    await used(phone, photo)
    desk, old = await officer(phone), await public_address(photo)
    address = f"/v1/operator/photos/{photo}"

    bad = await phone.post(
        f"{address}/redactions",
        json=WHY | {"boxes": [{"left": 0.9, "top": 0, "width": 0.2, "height": 1}]},
        headers=desk,
    )
    box = {"left": 0.0, "top": 0.0, "width": 0.5, "height": 0.5}
    done = await phone.post(f"{address}/redactions", json=WHY | {"boxes": [box]}, headers=desk)
    detail = (await phone.get(address, headers=desk)).json()
    copy = Image.open(io.BytesIO((await phone.get(await public_address(photo))).content))

    assert bad.status_code == 400
    assert (done.status_code, done.json()["version"]) == (201, 2)
    assert (await phone.get(old)).status_code == 404
    assert max(copy.getpixel((10, 10))) < 20
    assert detail["boxes"] == [box]
    assert [entry["act"] for entry in detail["custody"]] == ["received", "claimed", "redacted"]
    assert detail["custody"][-1]["reason"] == "a licence plate"
    assert "owner" not in str(detail)


async def test_opening_an_original_needs_a_reason_and_is_recorded_first(phone):
    data = a_photo(seed=22)
    photo = (await send(phone, data)).json()["id"]
    desk = await officer(phone)
    address = f"/v1/operator/photos/{photo}/original"

    without = await phone.post(address, json={}, headers=desk)
    stranger = await phone.post(address, json=WHY)
    opened = await phone.post(address, json=WHY, headers=desk)

    assert (without.status_code, stranger.status_code, opened.status_code) == (400, 401, 200)
    assert opened.content == data
    assert opened.headers["content-disposition"].startswith("attachment")
    assert opened.headers["cache-control"] == "no-store"
    acts = await database.fetch("select act, actor from photo_custody where photo = $1 order by id", uuid.UUID(photo))
    assert [row["act"] for row in acts] == ["received", "opened"]
    assert acts[1]["actor"].startswith("operator:")
    assert await database.fetch_value("select count(*) from audit_entry where action = 'photo-original-opened'") == 1


async def test_a_hold_takes_a_reviewer(phone):
    photo = (await send(phone, a_photo(seed=23))).json()["id"]
    clerk = await officer(phone)
    reviewer = await signed_in(phone, REVIEWER)
    address = f"/v1/operator/photos/{photo}/hold"

    assert (await phone.post(address, json=WHY | {"held": True}, headers=clerk)).status_code == 403
    assert (await phone.post(address, json=WHY | {"held": True}, headers=reviewer)).status_code == 204
    assert (await phone.get(f"/v1/operator/photos/{photo}", headers=clerk)).json()["photo"]["held_at"]
    assert (
        await phone.post(f"/v1/operator/photos/{uuid.uuid4()}/hold", json=WHY | {"held": True}, headers=reviewer)
    ).status_code == 404


async def test_the_review_queue_is_worked_off(phone):
    photo = (await send(phone, a_photo(seed=24))).json()["id"]
    desk = await officer(phone)
    await used(phone, photo)
    async with database.transaction():
        await database.execute("update photo set screening = 'open'")
        await screening._close(uuid.UUID(photo), "review", now=clock.utc_now())
    queue = (await phone.get("/v1/operator/photos?screening=review", headers=desk)).json()
    waiting = await phone.get(await public_address(photo))
    decided = await phone.post(f"/v1/operator/photos/{photo}/review", json=WHY | {"show": True}, headers=desk)
    again = await phone.post(f"/v1/operator/photos/{photo}/review", json=WHY | {"show": True}, headers=desk)

    assert [item["id"] for item in queue["items"]] == [photo]
    assert (waiting.status_code, decided.status_code, again.status_code) == (404, 204, 400)
    assert (await phone.get(await public_address(photo))).status_code == 200


async def test_hiding_works_at_once_and_can_be_undone(phone):
    photo = (await send(phone, a_photo(seed=25))).json()["id"]
    await used(phone, photo)
    desk, address = await officer(phone), await public_address(photo)
    results = []
    for show in (False, True):
        await phone.post(f"/v1/operator/photos/{photo}/visibility", json=WHY | {"show": show}, headers=desk)
        results.append((await phone.get(address)).status_code)

    assert results == [404, 200]


async def test_an_officer_sends_a_photo_the_same_way(phone):
    desk = await officer(phone)

    answer = await phone.post(
        "/v1/operator/photos", files={"file": ("x", a_photo(seed=26), "image/jpeg")}, headers=desk
    )
    refused = await phone.post("/v1/operator/photos", files={"file": ("x", b"<svg/>", "image/jpeg")}, headers=desk)

    assert (answer.status_code, refused.status_code) == (201, 415)


async def test_signals_are_stored_once_and_shown_to_officers(phone, monkeypatch):
    photo = (await send(phone, a_photo(seed=27), source="album")).json()["id"]
    subject = await used(phone, photo)
    report = uuid.UUID(subject.removeprefix("report:"))
    claim = evidence.Claim(
        place=evidence.Point(120.143, 30.246), accuracy_m=10, captured_at=None, received_at=clock.utc_now()
    )

    async def claim_of(_report):
        return claim

    monkeypatch.setattr(evidence, "claim_of", claim_of)
    event = ReportSubmitted(report_id=report, number="GW-1", category="water", channel="h5")
    for _ in range(2):
        async with database.transaction():
            await handlers.weigh_report_evidence(event, event_id=1, at=clock.utc_now())
    desk = await officer(phone)
    shown = (await phone.get(f"/v1/operator/reports/{report}/evidence", headers=desk)).json()

    assert {signal["name"] for signal in shown["signals"]} >= {"place-agrees", "from-album"}
    assert (await phone.get(f"/v1/operator/reports/{uuid.uuid4()}/evidence", headers=desk)).status_code == 404
    sealed = await database.fetch_value("select facts from photo where id = $1", uuid.UUID(photo))
    assert b"30.24" not in sealed
    assert msgspec.json.encode(shown)
