"""Sealed blocks, the signed day, a resident's proof, and the stand-alone verifier."""

import asyncio
import hashlib
import json
import subprocess
import sys
from datetime import timedelta
from importlib import util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import clock
from domain.kernel import database as db
from rewards import ledger, merkle, publishing, sealing
from tests.builders.residents import a_resident
from tests.builders.rewards import NOON, a_purse, a_spending, an_earning, posted

pytestmark = pytest.mark.anyio
VERIFIER = Path(__file__).parents[2] / "docs" / "verify_ledger.py"


def verifier():
    spec = util.spec_from_file_location("verify_ledger", VERIFIER)
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def sealed(now=NOON) -> int:
    async with db.transaction():
        return await sealing.seal(now=now)


@given(st.integers(1, 70), st.data())
def test_every_leaf_climbs_to_the_root(count, data):
    leaves = [merkle.leaf(str(n).encode()) for n in range(count)]
    index = data.draw(st.integers(0, count - 1))

    assert merkle.climb(leaves[index], merkle.path(leaves, index)) == merkle.root(leaves)


def test_the_tree_is_that_of_rfc_6962():
    a, b, c = (merkle.leaf(x) for x in (b"a", b"b", b"c"))

    assert merkle.root([a, b, c]) == merkle.node(merkle.node(a, b), c)
    assert merkle.root([]) == hashlib.sha256(b"").digest()


async def test_blocks_chain_and_an_edited_row_is_named(database):
    purse = await a_purse(points=10)
    await sealed()
    await posted(a_spending(purse, amount=3))
    await sealed()
    assert await sealed() == 0
    assert await sealing.broken_blocks() == []

    await db.execute("alter table ledger_transfer disable trigger all")
    await db.execute(
        "set session_replication_role = replica; update ledger_transfer set amount = 4 where kind = 'spend'; set session_replication_role = origin"
    )

    assert await sealing.broken_blocks() == ["block 2: its rows were changed"]


async def test_a_row_that_took_its_id_early_and_committed_late_is_sealed(database, settings):
    import asyncpg

    purse = await a_purse()
    await sealed()
    slow = await asyncpg.connect(settings.database_url)
    transaction = slow.transaction()
    await transaction.start()
    await slow.fetch(
        "select * from ledger_post(gen_random_uuid(), 'x', 'earn', 11, $1, 5, now(), now(), null, null, '2028-01-31')",
        purse,
    )
    others = [await a_purse(points=1) for _ in range(3)]
    first = await sealed()
    await transaction.commit()
    await slow.close()
    late = await sealed()

    assert (first, late, len(others)) == (0, 4, 3)
    assert await sealing.broken_blocks() == []


async def test_two_sealers_at_once_make_one_chain(database):
    for _ in range(5):
        await a_purse(points=1)
        await asyncio.gather(*(sealed() for _ in range(4)))

    assert await sealing.broken_blocks() == []
    assert await db.fetch_value("select sum(rows) from ledger_block") == 5


async def test_a_resident_proves_a_row_to_somebody_who_trusts_only_the_published_key(api, tmp_path):
    who, stranger = await a_resident(), await a_resident()
    yesterday = clock.utc_now() - timedelta(days=1)
    async with db.transaction():
        purse = await ledger.account(owner=who.account, kind="resident", unit="points", now=yesterday)
    for _ in range(5):
        mine = await posted(an_earning(purse, at=yesterday), now=yesterday)
        await sealed(yesterday)
    async with db.transaction():
        assert await publishing.publish(clock.local_day(yesterday), now=clock.utc_now())
        assert not await publishing.publish(clock.local_day(yesterday), now=clock.utc_now())

    proof = (await api.get(f"/v1/points/proofs/{mine.transfer}", headers=who.headers)).json()
    day = (await api.get(f"/v1/ledger/days/{proof['day']}")).json()
    key = (await api.get("/v1/ledger/key")).json()["public_key"]
    for name, content in (
        ("proof", proof),
        ("day", day),
        ("bad", proof | {"row": proof["row"].replace("10", "11", 1)}),
    ):
        (tmp_path / name).write_text(json.dumps(content))
    good, bad = [
        await asyncio.to_thread(
            subprocess.run, [sys.executable, VERIFIER, tmp_path / name, tmp_path / "day", key], capture_output=True
        )
        for name in ("proof", "bad")
    ]

    assert (good.returncode, good.stdout.decode()[:7]) == (0, "proven:")
    assert (bad.returncode, b"not under the block" in bad.stdout) == (1, True)
    assert verifier().faults(proof, day, "00" * 32) != []
    assert (await api.get(f"/v1/points/proofs/{mine.transfer}", headers=stranger.headers)).status_code == 404


async def test_the_days_totals_hide_small_groups(database):
    for _ in range(9):
        await a_purse(points=7)
    small = json.loads(await _statement_of(NOON))
    for _ in range(2):
        await a_purse(points=7, now=NOON + timedelta(days=1))
    for _ in range(10):
        await a_purse(points=7, now=NOON + timedelta(days=1))
    large = json.loads(await _statement_of(NOON + timedelta(days=1)))

    assert [(t["rule"], t["amount"]) for t in small["totals"]] == [("other", 63)]
    assert [(t["rule"], t["amount"]) for t in large["totals"]] == [("test@1", 84)]


async def _statement_of(at) -> str:
    async with db.transaction():
        await publishing.publish(clock.local_day(at), now=at + timedelta(days=1))
    return (await publishing.statement(clock.local_day(at)))[0]


async def test_a_salt_is_made_from_the_key_alone(settings):
    assert sealing.salt(1) == sealing.salt(1) != sealing.salt(2)
    assert not sealing.signed(b"x", bytes(64))
