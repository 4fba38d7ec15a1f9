from datetime import UTC, datetime, timedelta

import msgspec

from domain.kernel import database as db
from domain.residents import phones, sms_codes
from tests.builders.residents import a_resident

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


async def ask(account):
    """The request id and the six digits that the SMS would carry."""
    async with db.transaction():
        asked = await sms_codes.ask(account, phone=phones.read("13800138000"), now=NOW)
    payload = msgspec.json.decode(await db.fetch_value("select payload from send_job order by seq desc limit 1"))
    return asked.request_id, sms_codes.open_text(payload["code"], request_id=asked.request_id)


async def confirm(account, request_id, code, *, now=NOW):
    async with db.transaction():
        return await sms_codes.confirm(account, request_id=request_id, code=code, now=now)


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_the_right_code_proves_the_phone_once(database):
    account = (await a_resident()).account
    request_id, code = await ask(account)

    assert (await confirm(account, request_id, code)).e164 == "+8613800138000"
    assert await confirm(account, request_id, code) is None


async def test_five_wrong_tries_burn_the_code(database):
    account = (await a_resident()).account
    request_id, code = await ask(account)
    for _ in range(5):
        assert await confirm(account, request_id, wrong(code)) is None

    assert await confirm(account, request_id, code) is None


async def test_four_wrong_tries_do_not(database):
    account = (await a_resident()).account
    request_id, code = await ask(account)
    for _ in range(4):
        assert await confirm(account, request_id, wrong(code)) is None

    assert await confirm(account, request_id, code) is not None


async def test_a_code_dies_after_ten_minutes_with_a_newer_one_and_for_others(database):
    account, other = (await a_resident()).account, (await a_resident()).account
    request_id, code = await ask(account)

    assert await confirm(other, request_id, code) is None
    assert await confirm(account, request_id, code, now=NOW + timedelta(minutes=10)) is None
    await ask(account)
    assert await confirm(account, request_id, code) is None


async def test_neither_number_nor_code_is_stored_in_clear(database):
    account = (await a_resident()).account
    _, code = await ask(account)

    job = await db.fetch_value("select payload::text || subject from send_job")

    assert "13800138000" not in job
    assert f'"{code}"' not in job
