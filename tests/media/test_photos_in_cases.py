"""Photographs where cases need them: the same picture suggests joining; an answer to a question carries one."""

import io
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import msgspec
import pytest
from PIL import Image

from api.parts import Parts, open_parts
from domain.cases import people, questions
from domain.kernel import clock, database
from domain.kernel.settings import Settings
from media import matching
from tests.builders.cases import drain, sandbox_platform
from tests.builders.media import a_photo
from tests.builders.operators import CLERK, seed_officers, signed_in
from tests.builders.reports import INSIDE, a_key, send
from tests.builders.residents import Resident, a_resident

BASE = "http://127.0.0.1:8000"
ELSEWHERE = INSIDE | {"lat": INSIDE["lat"] + 0.004}  # 440 m north


@pytest.fixture
async def parts(phone: httpx.AsyncClient, settings_with_s3: Settings) -> AsyncIterator[Parts]:
    async with open_parts(settings_with_s3) as opened:
        yield opened


async def upload(phone: httpx.AsyncClient, data: bytes, who: Resident) -> str:
    answer = await phone.post("/v1/photos", files={"file": ("a.jpg", data, "image/jpeg")}, headers=who.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def smaller(data: bytes) -> bytes:
    """The same picture as a messenger would pass it on: resized and encoded again."""
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).resize((600, 450)).save(out, "JPEG", quality=70)
    return out.getvalue()


async def report_with(phone: httpx.AsyncClient, photo: str, who: Resident, **changes: object) -> UUID:
    answer = await send(phone, who, photo_ids=[photo], no_photo_reason=None, **changes)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


async def test_the_same_picture_makes_reports_candidates_before_and_after_sending_and_joining_can_be_undone(
    phone: httpx.AsyncClient, parts: Parts, settings_with_s3: Settings
) -> None:
    picture = a_photo("river", seed=11)
    first_person, second_person, stranger = await a_resident(), await a_resident(), await a_resident()
    first = await report_with(phone, await upload(phone, picture, first_person), first_person)
    await drain(parts)
    again = await upload(phone, smaller(picture), second_person)
    body = {"category": "dust.site", "place": ELSEWHERE, "photo_ids": [again]}

    mine = await phone.post("/v1/public/reports/same-here", json=body, headers=second_person.headers)
    foreign = await phone.post("/v1/public/reports/same-here", json=body, headers=stranger.headers)
    assert [found["report"]["id"] for found in mine.json()] == [str(first)]
    assert foreign.json() == []  # somebody else's photograph says nothing

    second = await report_with(phone, again, second_person, category="dust.site", text="工地扬尘", place=ELSEWHERE)
    await drain(parts)
    await seed_officers(settings_with_s3)
    clerk = await signed_in(phone, CLERK)
    (candidate,) = (await phone.get(f"/v1/operator/reports/{second}/similar", headers=clerk)).json()
    assert (candidate["report_id"], candidate["photos_alike"]) == (str(first), True)
    assert candidate["score"] > 0.6 > candidate["words_alike"]

    case, own = await people.case_of_report(first), await people.case_of_report(second)
    async with database.transaction():
        await people.join(second, case_id=case, by="operator:x", now=clock.utc_now())
    assert await people.reports_of_case(case) == [first, second]
    async with database.transaction():
        assert await people.unjoin(second, by="operator:x", now=clock.utc_now()) == own
    assert await matching.reports_like(second) == [first]  # still a candidate: the picture has not changed


async def test_an_answer_to_a_question_brings_its_photograph_to_the_platform(
    phone: httpx.AsyncClient, settings_with_s3: Settings
) -> None:
    who = await a_resident()
    with sandbox_platform() as platform:
        chosen = msgspec.structs.replace(settings_with_s3, case_platform_url=platform.url, public_url=BASE)
        async with open_parts(chosen) as parts:
            report = await report_with(phone, await upload(phone, a_photo("river", seed=12), who), who)
            await drain(parts)
            case = await people.case_of_report(report)
            async with database.transaction():
                question = await questions.ask(
                    case, round_=1, text="排口在哪一侧？", by="platform", now=clock.utc_now()
                )
            photo = await upload(phone, a_photo("river", seed=13), who)
            answer = await phone.post(
                f"/v1/reports/{report}/questions/{question}/answer",
                json={"text": "东侧", "photo_ids": [photo]},
                headers=who.headers | {"Idempotency-Key": a_key()},
            )
            await drain(parts)
            seen = await platform.call("messages")
            assert answer.status_code == 200, answer.text
            told = next(message["data"]["answer"] for message in seen if message["type"].endswith("answered.v1"))
            assert (told["question"], told["answer"]) == ("排口在哪一侧？", "东侧")
            (link,) = told["photos"]
            shown = await phone.get(link.removeprefix(BASE))
            assert Image.open(io.BytesIO(shown.content)).format == "JPEG"
            assert (
                await database.fetch_value("select subject from photo where id = $1", UUID(photo))
                == f"question:{question}"
            )
