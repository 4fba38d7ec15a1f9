import pytest

from domain.kernel import clock, database
from domain.residents import phones
from domain.residents.phones import PhoneTaken, PhoneUnreadable
from tests.builders.residents import a_resident


@pytest.mark.parametrize(
    ("typed", "e164", "region", "shown"),
    [
        ("13800138000", "+8613800138000", "CN", "+86 138****8000"),
        ("+86 138-0013-8000", "+8613800138000", "CN", "+86 138****8000"),
        ("+852 5123 4567", "+85251234567", "HK", "+852 51****67"),
        ("+853 6612 3456", "+85366123456", "MO", "+853 66****56"),
        ("+886 912 345 678", "+886912345678", "TW", "+886 91****78"),
        ("+1 650 253 0000", "+16502530000", "US", "+1 650****0000"),
    ],
)
def test_mainland_hong_kong_macau_taiwan_and_foreign_mobiles_are_read(typed, e164, region, shown):
    phone = phones.read(typed)

    assert (e164, region, shown) == (phone.e164, phone.region, phones.masked(phone.e164))


@pytest.mark.parametrize("typed", ["", "abc", "12345", "010-12345678", "138001380001", "+999123456789", "５" * 40])
def test_what_cannot_receive_a_message_is_refused(typed):
    with pytest.raises(PhoneUnreadable):
        phones.read(typed)


async def bind(account, number):
    async with database.transaction():
        await phones.bind(account, phone=phones.read(number), proof="sms", now=clock.utc_now())


async def test_a_number_is_stored_sealed_and_opens_only_for_its_owner(database):
    resident = await a_resident()
    await bind(resident.account, "13800138000")

    from domain.kernel import database as db

    row = await db.fetch_row("select * from resident_phone")
    assert b"13800138000" not in b"".join(value for value in row.values() if isinstance(value, bytes))
    assert await phones.number_of(resident.account) == "+8613800138000"


async def test_a_number_belongs_to_one_account_and_may_change_hands_only_when_free(database):
    first, second = await a_resident(), await a_resident()
    await bind(first.account, "13800138000")

    with pytest.raises(PhoneTaken):
        await bind(second.account, "13800138000")
    await bind(first.account, "13900139000")
    await bind(second.account, "13800138000")

    assert await phones.number_of(second.account) == "+8613800138000"
