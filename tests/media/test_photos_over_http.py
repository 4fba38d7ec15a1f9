import io

import httpx
from PIL import Image

from tests.builders.media import a_photo


async def send(phone: httpx.AsyncClient, data: bytes, **form: str) -> httpx.Response:
    return await phone.post("/v1/photos", files={"file": ("IMG_0001.jpg", data, "image/jpeg")}, data=form)


async def test_a_photo_is_ready_when_the_answer_arrives(phone: httpx.AsyncClient) -> None:
    answer = await send(phone, a_photo(seed=1), source="camera")

    assert answer.status_code == 201, answer.text
    photo = answer.json()
    assert (photo["width"], photo["height"]) == (800, 600)
    preview = await phone.get(photo["preview"].removeprefix("http://127.0.0.1:8000"))
    assert preview.status_code == 200
    assert Image.open(io.BytesIO(preview.content)).size == (320, 240)
    again = await send(phone, a_photo(seed=1), source="camera")
    assert again.status_code == 201


async def test_the_same_bytes_from_the_same_sender_are_the_same_photo(phone: httpx.AsyncClient) -> None:
    data = a_photo(seed=2)

    first, second = (await send(phone, data)).json(), (await send(phone, data)).json()

    assert first["id"] == second["id"]
