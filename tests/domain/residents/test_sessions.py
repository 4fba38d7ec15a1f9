import asyncio
from datetime import UTC, datetime, timedelta

from domain.kernel import database as db
from domain.residents import accounts, sessions
from tests.builders.residents import a_resident

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


async def refreshed(token, *, now):
    async with db.transaction():
        return await sessions.refresh(token, now=now)


async def test_a_refresh_token_works_once_and_its_second_use_ends_the_session(database):
    resident = await a_resident(now=NOW)
    first = await refreshed(resident.refresh_token, now=NOW)

    again = await refreshed(resident.refresh_token, now=NOW)

    assert first.session is not None
    assert again == sessions.Refreshed(None, resident.session)
    assert (await refreshed(first.session.refresh_token, now=NOW)).session is None
    assert not await sessions.is_alive(resident.session, now=NOW)


async def test_of_two_simultaneous_uses_at_most_one_continues(database):
    resident = await a_resident(now=NOW)

    both = await asyncio.gather(*(refreshed(resident.refresh_token, now=NOW) for _ in range(2)))

    assert sum(outcome.session is not None for outcome in both) == 1
    assert not await sessions.is_alive(resident.session, now=NOW)


async def test_an_unknown_token_ends_nobodys_session(database):
    resident = await a_resident(now=NOW)

    assert await refreshed("x" * 43, now=NOW) == sessions.OVER
    assert await sessions.is_alive(resident.session, now=NOW)


async def test_idle_and_absolute_lifetimes_are_enforced_here(database):
    resident = await a_resident(now=NOW)

    assert (await refreshed(resident.refresh_token, now=NOW + sessions.IDLE)).session is None

    token, at = resident.refresh_token, NOW
    while at + sessions.IDLE / 2 < NOW + sessions.ABSOLUTE:
        at += sessions.IDLE / 2
        token = (await refreshed(token, now=at)).session.refresh_token
    assert (await refreshed(token, now=NOW + sessions.ABSOLUTE)).session is None


async def test_freezing_an_account_stops_its_sessions_and_its_next_sign_in(database):
    resident = await a_resident(openid="frozen", now=NOW)
    await db.execute("update account set status = 'frozen' where id = $1", resident.account)

    assert not await sessions.is_alive(resident.session, now=NOW)
    assert (await refreshed(resident.refresh_token, now=NOW)).session is None
    try:
        await a_resident(openid="frozen", now=NOW)
    except accounts.AccountFrozen:
        return
    raise AssertionError("a frozen account signed in")


async def test_ten_simultaneous_first_sign_ins_make_one_account(database):
    async def sign_in():
        async with db.transaction():
            return await accounts.account_for_openid("same", now=NOW)

    assert len(set(await asyncio.gather(*(sign_in() for _ in range(8))))) == 1


async def test_the_openid_is_stored_sealed(database):
    resident = await a_resident(openid="openid-in-clear")

    row = await db.fetch_row("select * from wechat_identity")

    assert b"openid-in-clear" not in row["openid_sealed"] + row["openid_hash"]
    assert await accounts.openid_of(resident.account) == "openid-in-clear"


async def test_old_sessions_and_their_tokens_are_forgotten(database):
    resident = await a_resident(now=NOW)
    await sessions.end(resident.session, reason="logout", now=NOW)

    await sessions.forget_old(now=NOW + timedelta(days=6))
    assert await db.fetch_value("select count(*) from refresh_token") == 1
    await sessions.forget_old(now=NOW + timedelta(days=8))

    assert await db.fetch_value("select count(*) from session_family") == 0
