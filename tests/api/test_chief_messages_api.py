"""Contact with a river's chief: sent, escalated, answered by link, rated, and nobody learns who wrote."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from domain.disclosure import chief_clocks, chief_messages
from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.events import Ticked
from tests.builders.disclosure import a_chief, a_river, published
from tests.builders.operators import CLERK, seed_officers, signed_in
from tests.builders.residents import a_resident


@pytest.fixture
async def people(api, settings):
    await published("rivers", a_river())
    await published("river-chiefs", a_chief(), a_chief(level="county", name="区级河长"))
    await seed_officers(settings)
    return await a_resident(), await signed_in(api, CLERK)


async def write(api, resident, number: int = 1, text: str = "河面有油花，请联系13812345678"):
    key = {"Idempotency-Key": f"chief-message-{number}"}
    return await api.post("/v1/rivers/QH-R-001/messages", json={"text": text}, headers=resident.headers | key)


async def link(api, officer) -> str:
    (message,) = (await api.get("/v1/operator/chief-messages", headers=officer)).json()
    parts = urlsplit(message["link"])
    return f"{parts.path}?{parts.query}"


async def days_pass(days: int) -> None:
    at = clock.utc_now() + timedelta(days=days)
    async with db.transaction():
        await chief_messages.watch(Ticked(every="day", at=at), event_id=1, at=at)


async def test_the_chief_answers_by_link_and_the_sender_rates(api, people) -> None:
    resident, officer = people
    sent = await write(api, resident)
    address = await link(api, officer)

    seen = (await api.get(address)).json()
    answered = await api.post(address.replace("?", "/answer?"), json={"text": "已安排打捞"})
    again = await api.post(address.replace("?", "/answer?"), json={"text": "再次"})
    rated = await api.post(
        f"/v1/me/chief-messages/{sent.json()['id']}/rating", json={"stars": 5}, headers=resident.headers
    )

    assert (sent.status_code, answered.status_code, again.status_code, rated.status_code) == (201, 204, 409, 204)
    assert seen["text"] == "河面有油花，请联系［电话已隐去］"
    assert str(resident.account) not in str(seen)
    (mine,) = (await api.get("/v1/me/chief-messages", headers=resident.headers)).json()
    assert (
        mine["answer"],
        mine["rating"],
        [step["what"] for step in mine["steps"]],
    ) == ("已安排打捞", 5, ["sent", "answered", "rated"])
    assert resident.account == await chief_messages.sender_of(chief_messages.UUID(mine["id"]))


async def test_an_unanswered_message_goes_up_a_level_and_the_old_link_dies(api, people) -> None:
    resident, officer = people
    await write(api, resident)
    old = await link(api, officer)

    await days_pass(3)
    unchanged = await link(api, officer)
    await days_pass(30)
    new = await link(api, officer)
    await days_pass(90)

    assert old == unchanged
    assert ((await api.get(old)).status_code, (await api.get(new)).status_code) == (404, 200)
    (message,) = (await api.get("/v1/operator/chief-messages", headers=officer)).json()
    assert (message["level"], [step["what"] for step in message["steps"]]) == ("county", ["sent", "escalated"])
    assert await db.fetch_value("select red_at is not null from chief_message")


async def test_a_repeated_key_is_one_message_and_a_stranger_sees_none(api, people) -> None:
    resident, _ = people
    first, again = await write(api, resident), await write(api, resident)
    stranger = await a_resident()

    assert first.content == again.content
    assert (await api.get("/v1/me/chief-messages", headers=stranger.headers)).json() == []
    wrong = await api.post(
        f"/v1/me/chief-messages/{first.json()['id']}/rating", json={"stars": 1}, headers=stranger.headers
    )
    assert wrong.status_code == 404
    assert (await api.get(f"/v1/chief-messages/{first.json()['id']}", params={"token": "0" * 43})).status_code == 404


async def test_five_open_messages_are_enough(api, people) -> None:
    resident, _ = people
    codes = [(await write(api, resident, number)).status_code for number in range(6)]

    assert codes == [201] * 5 + [409]


async def test_a_river_without_a_chief_says_so(api, people) -> None:
    await published("rivers", a_river(code="QH-R-009"), now=datetime(2026, 6, 2, tzinfo=UTC))
    answer = await api.post(
        "/v1/rivers/QH-R-009/messages",
        json={"text": "你好"},
        headers=people[0].headers | {"Idempotency-Key": "chief-message-9"},
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "river-without-chief")


@pytest.mark.parametrize(
    ("setting", "village", "county"), [("5", 5, 5), ("village=3,county=10", 3, 10), ("", 5, 5), ("7", 7, 7)]
)
def test_the_chiefs_time_is_a_setting_by_level(setting: str, village: int, county: int) -> None:
    days = chief_clocks.answer_days(setting)

    assert (days["village"], days["county"]) == (village, county)


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="hamlet"):
        chief_clocks.answer_days("hamlet=3")
