"""The inbox over HTTP: reading, counting, putting away, choosing."""

from typing import Any

import httpx
import pytest

from domain.kernel import database as kernel_database
from tests.builders.notifications import broadcast, told
from tests.builders.residents import a_resident


async def test_a_message_is_listed_counted_read_and_archived(api: httpx.AsyncClient) -> None:
    me = await a_resident()
    await told(me, times=3)

    page = (await api.get("/v1/inbox?limit=2", headers=me.headers)).json()
    assert [m["title"] for m in page["messages"]] == ["获得 22 绿色积分", "获得 21 绿色积分"]
    rest = (await api.get(f"/v1/inbox?before={page['next_before']}", headers=me.headers)).json()
    assert [m["title"] for m in rest["messages"]] == ["获得 20 绿色积分"]
    assert (await api.get("/v1/inbox/unread", headers=me.headers)).json() == {"unread": 3, "more": False}

    first = page["messages"][0]["id"]
    for _ in range(2):
        assert (await api.put(f"/v1/inbox/{first}/read", headers=me.headers)).status_code == 204
    assert (await api.put(f"/v1/inbox/{first}/archive", headers=me.headers)).status_code == 204
    assert (await api.get("/v1/inbox/unread", headers=me.headers)).json()["unread"] == 2
    archived = (await api.get("/v1/inbox?archived=true", headers=me.headers)).json()["messages"]
    assert [m["id"] for m in archived] == [first]

    marked = await api.put("/v1/inbox/read", json={"up_to": first}, headers=me.headers)
    assert marked.json() == {"marked": 2}


async def test_v8_2_2_anothers_message_is_as_unknown_as_none(api: httpx.AsyncClient) -> None:
    me, other = await a_resident(), await a_resident()
    await told(me)
    (mine,) = (await api.get("/v1/inbox", headers=me.headers)).json()["messages"]

    foreign = await api.put(f"/v1/inbox/{mine['id']}/read", headers=other.headers)
    nothing = await api.put("/v1/inbox/999999/read", headers=other.headers)

    assert foreign.status_code == nothing.status_code == 404
    assert foreign.json()["type"] == nothing.json()["type"]
    assert (await api.get("/v1/inbox", headers=other.headers)).json()["messages"] == []
    assert (await api.get("/v1/inbox/unread", headers=me.headers)).json()["unread"] == 1


async def test_a_broadcast_is_one_row_and_reaches_everybody_who_looks(api: httpx.AsyncClient) -> None:
    people = [await a_resident() for _ in range(3)]
    await broadcast()

    counts = [(await api.get("/v1/inbox/unread", headers=p.headers)).json()["unread"] for p in people[:2]]

    assert counts == [1, 1]
    assert await kernel_database.fetch_value("select count(*) from announcement") == 1
    assert await kernel_database.fetch_value("select count(*) from inbox_message") == 2  # the third never looked


async def test_looking_again_takes_nothing_twice(api: httpx.AsyncClient) -> None:
    me = await a_resident()
    await broadcast()
    for _ in range(3):
        await api.get("/v1/inbox", headers=me.headers)
    await broadcast("第二条")

    assert (await api.get("/v1/inbox/unread", headers=me.headers)).json()["unread"] == 2


async def test_choices_change_language_and_print(api: httpx.AsyncClient) -> None:
    me = await a_resident()
    await told(me)
    chosen = {"language": "en", "big_print": True, "digest": True, "muted": ["progress"], "sms_topics": ["closure"]}

    saved = await api.put("/v1/inbox/preferences", json=chosen, headers=me.headers)

    assert saved.status_code == 200
    again = (await api.get("/v1/inbox/preferences", headers=me.headers)).json()
    assert again == saved.json()
    assert {t["topic"] for t in again["topics"] if not t["pushed"]} == {"progress"}
    (message,) = (await api.get("/v1/inbox", headers=me.headers)).json()["messages"]
    assert (message["title"], message["body"]) == ("You earned 20 green points", "You have 20 more points.")


@pytest.mark.parametrize(
    "wrong",
    [
        {"language": "fr"},
        {"quiet_from": 1440, "quiet_to": 0},
        {"quiet_from": None},
        {"muted": ["weather"]},
        {"owner": "someone"},
    ],
)
async def test_wrong_choices_are_refused(api: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    me = await a_resident()

    assert (await api.put("/v1/inbox/preferences", json=wrong, headers=me.headers)).status_code == 400


async def test_unread_is_cheap_with_ten_thousand_messages(api: httpx.AsyncClient) -> None:
    me = await a_resident()
    await told(me)
    await kernel_database.execute(
        "insert into announcement (event, key, wording, topic, audience, reach, subject, facts, at)"
        " select event, 'k' || n, wording, topic, audience, reach, subject, facts, at from announcement,"
        " generate_series(1, 10000) n"
    )
    await kernel_database.execute(
        "insert into inbox_message (owner, announcement)"
        " select m.owner, a.id from announcement a, (select owner from inbox_message limit 1) m where a.key like 'k%'"
    )
    await kernel_database.execute("analyze inbox_message")

    plan = "\n".join(
        row["QUERY PLAN"]
        for row in await kernel_database.fetch(
            "explain (analyze, buffers off) select count(*) from (select 1 from inbox_message"
            " where owner = (select owner from inbox_message limit 1) and read_at is null and archived_at is null"
            " limit 100) few"
        )
    )
    answer = (await api.get("/v1/inbox/unread", headers=me.headers)).json()

    assert answer == {"unread": 99, "more": True}
    assert float(plan.split("Execution Time: ")[1].split(" ms")[0]) < 2
