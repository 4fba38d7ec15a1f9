"""Anonymous reports: no account anywhere, one code, shown once, guessed by nobody."""

import re

from domain.kernel import database
from tests.builders.reports import a_key, send
from tests.builders.residents import a_resident


async def test_an_anonymous_report_needs_no_sign_in_and_stores_no_account(api):
    signed_in = await a_resident()

    for resident in (None, signed_in):
        answer = await send(api, resident, identity="anonymous")
        assert answer.status_code == 201

    assert await database.fetch_value("select count(*) from sealed_reporter") == 0
    assert str(signed_in.account) not in await database.fetch_value(
        "select json_agg(t)::text from idempotency_record t"
    )


async def test_the_code_opens_the_report_and_is_stored_nowhere(api):
    receipt = (await send(api, None, identity="anonymous")).json()

    opened = await api.post("/v1/receipts/open", json={"number": receipt["number"], "code": receipt["receipt_code"]})

    assert opened.status_code == 200
    assert opened.json()["id"] == receipt["id"]
    assert opened.json()["timeline"][0]["kind"] == "submitted"
    bare = receipt["receipt_code"].replace("-", "")
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{20}", bare)
    for table in ("receipt_code", "idempotency_record", "report", "outbox_event", "audit_entry"):
        stored = await database.fetch_value(f"select json_agg(t)::text from {table} t")
        for spelling in (receipt["receipt_code"], bare):
            assert spelling not in stored
            assert spelling.encode().hex() not in stored


async def test_a_repeated_request_shows_the_same_code(api):
    key = a_key()

    first = await send(api, None, key=key, identity="anonymous")
    again = await send(api, None, key=key, identity="anonymous")

    assert first.content == again.content
    assert first.json()["receipt_code"]


async def test_an_anonymous_report_needs_a_long_key(api):
    assert (await send(api, None, key="k" * 15, identity="anonymous")).status_code == 400


async def test_a_confidential_report_has_no_code_and_needs_a_sign_in(api):
    assert (await send(api, None)).status_code == 401
    assert (await send(api, await a_resident())).json()["receipt_code"] is None


async def test_a_wrong_code_and_an_unknown_number_look_alike_and_the_sixth_try_is_429(api):
    receipt = (await send(api, None, identity="anonymous")).json()
    tries = [(receipt["number"], "A" * 20), ("GW-20200101-000001", "A" * 20)] * 3

    answers = [await api.post("/v1/receipts/open", json={"number": n, "code": c}) for n, c in tries]

    assert [a.status_code for a in answers] == [404] * 5 + [429]
    assert len({a.json()["code"] for a in answers[:5]}) == 1
    assert int(answers[5].headers["retry-after"]) > 0
