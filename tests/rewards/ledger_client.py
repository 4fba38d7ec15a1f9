"""A client of the ledger that may die at any moment: mixed work, every intent written down before, every answer after.

python -m tests.rewards.ledger_client URL SEED FOLDER
"""

import asyncio
import random
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from domain.kernel import database
from domain.kernel.errors import Refusal
from rewards import ledger
from rewards.ledger import Movement

PURSES = 40
LOST = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError, TimeoutError)
Intent = tuple[UUID, Movement]


def purse_owner(n: int) -> UUID:
    """The owner of purse `n`: the same for all clients."""
    return UUID(int=n + 1)


async def an_intent(dice: random.Random, *, seed: str, n: int) -> Movement:
    """What the client wants next; the same for the same seed and number, so that a restarted one asks again."""
    now = datetime.now(UTC)
    account = await ledger.account(owner=purse_owner(dice.randrange(PURSES)), kind="resident", unit="points", now=now)
    spend = dice.random() < 0.5
    return Movement(
        key=ledger.keyed(seed, n),
        kind="spend" if spend else "earn",
        debit=account if spend else ledger.issuer("points"),
        credit=ledger.sink(ledger.SPENT, "points") if spend else account,
        amount=dice.randint(1, 30),
        occurred_at=now,
        rule="kill@1",
        expires=None if spend else ledger.good_until(now),
    )


async def work(url: str, seed: str, folder: Path) -> None:
    """Works until killed. `intents` counts what was begun, `answers` holds key and transfer of what was acknowledged."""
    answers = folder / f"{seed}.answers"
    n = int((folder / f"{seed}.intents").read_text() or 0) if (folder / f"{seed}.intents").exists() else 0
    while True:
        (folder / f"{seed}.intents").write_text(str(n))
        try:
            await database.open_pool(url, size_max=1)
            n = await _until_lost(seed, n, answers=answers, intents=folder / f"{seed}.intents")
        except LOST:
            await asyncio.sleep(0.05)
        finally:
            await database.close_pool()


async def _until_lost(seed: str, n: int, *, answers: Path, intents: Path) -> int:
    with answers.open("a") as told:
        try:
            while True:
                intents.write_text(str(n))  # noqa: ASYNC240 - a tiny local file
                wanted = await an_intent(random.Random(f"{seed}/{n}"), seed=seed, n=n)
                try:
                    async with database.transaction():
                        posted = await ledger.post(wanted, now=datetime.now(UTC))
                    told.write(f"{wanted.key} {posted.transfer}\n")
                    told.flush()
                except Refusal:
                    pass
                n += 1
        except LOST:
            return n  # the same intent again, with the same key


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
