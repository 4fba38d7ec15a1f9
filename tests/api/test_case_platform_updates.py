"""POST /v1/case-platform/updates as the platform calls it."""

import json
from datetime import timedelta
from uuid import UUID

from api.case_platform.payloads import contract
from domain.kernel import clock, database
from tests.builders.cases import a_case, an_event, post_update


async def test_a_signed_update_is_taken_and_its_repetition_gets_the_same_bytes(api) -> None:
    event = an_event(await a_case(), 1)
    first = await post_update(api, event)
    again = await post_update(api, event)

    assert (first.status_code, first.json()["accepted"]) == (200, True)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["Update-Replayed"] == "true"
    assert await database.fetch_value("select count(*) from case_update") == 1


async def test_the_same_id_with_another_body_is_409(api) -> None:
    event = an_event(await a_case(), 1)
    await post_update(api, event)
    event["data"]["public_text"] = "别的"
    answer = await post_update(api, event)

    assert (answer.status_code, answer.json()["code"]) == (409, "update-conflict")


async def test_an_old_or_future_timestamp_and_a_wrong_key_are_401(api) -> None:
    event = an_event(await a_case(), 1)
    for answer in (
        await post_update(api, event, at=clock.utc_now() - timedelta(minutes=6)),
        await post_update(api, event, at=clock.utc_now() + timedelta(minutes=6)),
        await post_update(api, event, key=b"somebody else"),
        await api.post("/v1/case-platform/updates", json=event),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "signature-refused")
        assert "WWW-Authenticate" in answer.headers
    assert await database.fetch_value("select count(*) from case_update") == 0


async def test_an_unknown_case_is_404_and_says_what_to_do(api) -> None:
    answer = await post_update(api, an_event(UUID(int=7), 1))

    assert answer.status_code == 404
    assert "case_id" in answer.json()["advice_en"]


async def test_a_bad_transition_is_422_names_the_allowed_stages_and_is_kept(api) -> None:
    answer = await post_update(api, an_event(await a_case(), 1, "closed"))

    assert answer.status_code == 422
    assert answer.json()["allowed"] == ["refused", "signed"]
    assert await database.fetch_value("select code from refused_update") == "bad-transition"


BROKEN = (
    b"{",
    b'{"id": "x", "id": "y"}',
    b"\xff\xfe",
    b'{"specversion": "1.0"}',
    b"[" * 100_000,
    b'"text"',
    b"null",
    b"[]",
)


async def test_a_signed_message_outside_the_contract_is_400_and_never_500(api) -> None:
    for broken in BROKEN:
        answer = await post_update(api, broken)
        assert answer.status_code == 400, answer.text


async def test_unknown_words_wrong_types_and_endless_texts_are_400_and_kept(api) -> None:
    case_id = await a_case()
    for changes in (
        {"stage": "exploded"},
        {"sequence": "1"},
        {"sequence": 10**20},
        {"public_text": "长" * 2001},
        {"surprise": 1},
        {"public_text": "a\x00b"},
    ):
        answer = await post_update(api, an_event(case_id, 1) | {"data": an_event(case_id, 1)["data"] | changes})
        assert answer.status_code == 400, (changes, answer.text)
    assert await database.fetch_value("select count(*) from refused_update") == 6
    assert await database.fetch_value("select count(*) from case_update") == 0


async def test_a_body_beyond_the_limit_is_413(api) -> None:
    event = an_event(await a_case(), 1, public_text="x" * 5_000_000)

    assert (await post_update(api, event)).status_code == 413


async def test_a_batch_has_one_result_for_each_item(api) -> None:
    case_id = await a_case()
    good = [an_event(case_id, n, s) for n, s in enumerate(("signed", "dispatched", "inspected"), start=1)]
    bad = [an_event(case_id, 4, "penalised"), {"nonsense": True}, an_event(UUID(int=3), 1), good[0]]
    answer = await post_update(api, [*good, *bad])

    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [r["status"] for r in results] == [200, 200, 200, 422, 400, 404, 200]
    assert results[0]["taken"] == results[6]["taken"]
    assert results[3]["problem"]["code"] == "bad-transition"
    assert await database.fetch_value("select stage from case_file where id = $1", case_id) == "inspected"


async def test_a_batch_of_501_is_refused_whole(api) -> None:
    case_id = await a_case()
    answer = await post_update(api, [an_event(case_id, n) for n in range(1, 502)])

    assert answer.status_code == 400
    assert await database.fetch_value("select count(*) from case_update") == 0


async def test_the_published_schema_is_the_one_in_the_repository(api) -> None:
    from pathlib import Path

    import api as package

    committed = json.loads((Path(package.__file__).parent / "case_platform" / "contract.schema.json").read_text())
    served = await api.get("/v1/case-platform/schema")

    assert committed == served.json() == json.loads(json.dumps(contract()))


async def test_our_own_messages_fit_the_published_schema(api) -> None:
    from jsonschema import Draft202012Validator

    schema = contract()
    validator = Draft202012Validator(schema | {"oneOf": [{"$ref": "#/$defs/UpdateEvent"}]})
    validator.validate(an_event(await a_case(), 1))
