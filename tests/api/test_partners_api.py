"""Other sources: keys with scopes, batches with a result per row, once by their own ids."""

from typing import Any

import msgspec

from domain.kernel import clock, database
from domain.reports import demonstration, partners, reporters
from tests.builders.reports import INSIDE


async def a_key(**changes: Any) -> dict[str, str]:
    """The header of a partner's key."""
    ordinary: dict[str, Any] = {"name": "12345", "channels": ["hotline_12345", "sensor"], "scopes": ["reports:write"]}
    async with database.transaction():
        _, key = await partners.admit(**ordinary | changes, by="operator:test", now=clock.utc_now())
    return {"X-Api-Key": key}


def a_row(external_id: str = "A-1", **changes: Any) -> dict[str, Any]:
    ordinary: dict[str, Any] = {
        "external_id": external_id,
        "category": "noise.construction",
        "text": "夜间施工噪声",
        "place": INSIDE,
        "channel": "hotline_12345",
    }
    return ordinary | changes


async def hand_in(api, rows, headers):
    return await api.post("/v1/partner/reports/batch", json={"reports": rows}, headers=headers)


async def test_a_batch_is_stored_row_by_row_and_a_bad_row_spoils_no_other(api):
    rows = [
        a_row("A-1"),
        a_row("A-2", category="noise.nothing"),
        a_row("A-3", place={"lng": 121.47, "lat": 31.23, "datum": "wgs84"}),
        a_row("A-4", channel="weibo"),
        a_row("A-5", text=" \n "),
        a_row("A-6", channel="sensor", category="water.outfall", text="pH 3.2"),
    ]

    answer = (await hand_in(api, rows, await a_key())).json()

    assert [(r["outcome"], r.get("code")) for r in answer["results"]] == [
        ("created", None),
        ("refused", "category-unknown"),
        ("refused", "outside-service-area"),
        ("refused", "api-key-refused"),
        ("refused", "invalid-value"),
        ("created", None),
    ]
    assert (answer["created"], answer["refused"]) == (2, 4)
    assert await database.fetch_value("select count(*) from report where identity = 'none'") == 2
    assert await database.fetch_value("select count(*) from outbox_event where name = 'ReportSubmitted'") == 2


async def test_the_same_batch_again_creates_nothing_and_another_content_is_a_conflict(api):
    key = await a_key()
    first = (await hand_in(api, [a_row("A-1"), a_row("A-2")], key)).json()

    again = (await hand_in(api, [a_row("A-1"), a_row("A-2", text="别的"), a_row("A-3"), a_row("A-3")], key)).json()

    assert [r["outcome"] for r in again["results"]] == ["known", "conflict", "created", "known"]
    assert again["results"][0]["report_id"] == first["results"][0]["report_id"]
    assert await database.fetch_value("select count(*) from report") == 3


async def test_the_same_external_id_of_another_partner_is_another_report(api):
    await hand_in(api, [a_row("A-1")], await a_key())

    answer = (await hand_in(api, [a_row("A-1")], await a_key(name="12369"))).json()

    assert answer["created"] == 1


async def test_a_report_of_a_machine_has_no_person(api):
    answer = (await hand_in(api, [a_row(channel="sensor")], await a_key())).json()

    assert await reporters.account_of(answer["results"][0]["report_id"], why="test", at=clock.utc_now()) is None


async def test_without_a_working_key_with_the_scope_nothing_is_taken(api):
    revoked = await a_key()
    async with database.transaction():
        (partner,) = await partners.listed()
        await partners.revoke(partner.id, by="operator:test", now=clock.utc_now())

    for headers in ({}, {"X-Api-Key": "gwk_wrong"}, revoked, await a_key(scopes=["open311:write"])):
        answer = await hand_in(api, [a_row()], headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "api-key-refused")
    assert await database.fetch_value("select count(*) from report") == 0


async def test_the_key_is_stored_only_as_a_hash(api):
    key = (await a_key())["X-Api-Key"]

    assert key not in await database.fetch_value("select json_agg(t)::text from partner t")
    assert key not in await database.fetch_value("select json_agg(t)::text from audit_entry t")


async def test_a_batch_of_a_thousand_is_taken_and_one_more_is_refused(api):
    key = await a_key()
    rows = [a_row(f"S-{n}", channel="sensor", text=f"告警 {n}") for n in range(1_001)]

    taken, refused = await hand_in(api, rows[:1_000], key), await hand_in(api, rows, key)

    assert taken.json()["created"] == 1_000
    assert refused.status_code == 400


async def test_the_published_key_of_the_demonstration_works_once_seeded_and_never_in_production(api, settings):
    production = msgspec.structs.replace(settings, env="production")
    async with database.transaction():
        assert not await demonstration.seed(production, now=clock.utc_now())
    assert (await hand_in(api, [a_row()], {"X-Api-Key": demonstration.KEY})).status_code == 403

    async with database.transaction():
        made = [await demonstration.seed(settings, now=clock.utc_now()) for _ in range(2)]

    assert made == [True, False]
    assert (await hand_in(api, [a_row()], {"X-Api-Key": demonstration.KEY})).json()["created"] == 1


async def test_an_id_that_comes_twice_in_a_batch_is_one_report_and_statements_do_not_grow_with_it(api, monkeypatch):
    headers = await a_key()
    statements = []
    for name in ("fetch", "execute", "fetch_row", "fetch_value"):
        original = getattr(database, name)

        async def counted(statement, *values, _original=original):
            statements.append(statement)
            return await _original(statement, *values)

        monkeypatch.setattr(database, name, counted)
    good = a_row("a")
    bad = a_row("b", category="no.such")
    rows = [good, good, good | {"text": "另一内容"}, bad, a_row("b"), *(a_row(f"n{n}") for n in range(200))]

    answer = (await hand_in(api, rows, headers)).json()

    outcomes = [result["outcome"] for result in answer["results"]]
    assert outcomes[:5] == ["created", "known", "conflict", "refused", "created"]
    assert outcomes[5:] == ["created"] * 200
    assert len({result["report_id"] for result in answer["results"][:3]}) == 1
    numbers = [result["number"] for result in answer["results"][5:]]
    assert numbers == sorted(numbers)
    assert len(statements) < 15
