"""kill −9 of clients and of PostgreSQL during mixed work: nothing acknowledged is lost, nothing doubled, nothing drifts."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from api.embedded.stack import Stack
from api.migrate import migrate
from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.settings import Settings
from rewards import proving, sealing

CLIENTS, SECONDS, SERVER_KILLS = 6, 45.0, 3
ROOT = Path(__file__).parents[2]


def a_client(url: str, seed: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.rewards.ledger_client", url, seed, str(folder)],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )


def storm(stack: Stack, folder: Path, *, dice: random.Random) -> int:
    """Kills clients all the time and the server now and then; how many clients died."""
    clients = {f"c{n}": a_client(stack.database_url, f"c{n}", folder) for n in range(CLIENTS)}
    began, killed, server_due = (
        time.monotonic(),
        0,
        [SECONDS * (n + 1) / (SERVER_KILLS + 1) for n in range(SERVER_KILLS)],
    )
    while (passed := time.monotonic() - began) < SECONDS:
        time.sleep(dice.uniform(1.5, 3.0))
        seed = dice.choice(sorted(clients))
        clients[seed].kill()
        clients[seed].wait()
        killed += 1
        clients[seed] = a_client(stack.database_url, seed, folder)
        if server_due and passed > server_due[0]:
            server_due.pop(0)
            stack.child("postgres").process.send_signal(signal.SIGKILL)
            stack.revive("postgres")
    for client in clients.values():
        client.kill()
        client.wait()
    return killed


async def checked(url: str, answers: dict[UUID, int]) -> None:
    await db.open_pool(url, size_max=2)
    try:
        known = await db.fetch("select id, transfer from ledger_key")
        stored = {row["id"]: row["transfer"] for row in known}
        assert {key: stored.get(key) for key in answers} == answers
        assert await db.fetch_value("select count(*) from ledger_transfer") == len(stored)
        assert await db.fetch_value("select count(*) from reward_account where balance < 0") == 0
        assert await proving.faults() == []
        async with db.transaction():
            await sealing.seal(now=clock.utc_now())
        assert await sealing.broken_blocks() == []
    finally:
        await db.close_pool()


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_doubled_negative_or_drifting(tmp_path):
    folder = tmp_path / "clients"
    folder.mkdir()
    with Stack(tmp_path / "stack", services=("postgres",)) as stack:
        asyncio.run(migrate(Settings(database_url=stack.database_url)))
        killed = storm(stack, folder, dice=random.Random(11))
        lines = [
            line.split() for file in folder.glob("*.answers") for line in file.read_text().splitlines() if " " in line
        ]
        answers = {UUID(key): int(transfer) for key, transfer in lines if transfer}
        asyncio.run(checked(stack.database_url, answers))

    assert killed > 10
    assert len(answers) > 100
