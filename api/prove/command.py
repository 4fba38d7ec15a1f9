"""`green-whistle prove crash`: load, kills, recovery, checks; non-zero when one check finds anything."""

import argparse
import asyncio
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from api.bench.bench import make_residents
from api.embedded.installation import DEMONSTRATED, Installation
from api.prove import checks
from api.prove.killer import rampage
from api.prove.residents import Residents
from domain.kernel import database
from domain.kernel.settings import Settings

FOLDER = Path(".bench")
CROWD = 12  # residents sending at once
SETTLE_S = 180.0  # leases and back-off after the last kill
PLATFORM_SPEED = 40.0
LINES_MAX = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to prove, for how long, in which order."""
    parser.add_argument("what", choices=["crash"], help="crash: kill -9 of API, workers, PostgreSQL, Valkey and beat")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to kill")
    parser.add_argument("--seed", type=int, default=None, help="order and moments of the kills; told when left out")
    parser.add_argument("--keep", action="store_true", help="keep the data folder")


def run(options: argparse.Namespace) -> int:
    """0 when nothing was lost, doubled or stuck."""
    seed = options.seed if options.seed is not None else random.randrange(10**6)
    print(f"seed {seed}")
    FOLDER.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="crash-", dir=FOLDER)).resolve()
    settings = Settings(data_dir=str(folder), rate_limits="off", log_level="warning", database_pool_max=8)
    try:
        with Installation(settings, roles=DEMONSTRATED, tell=print) as installation:
            return _prove(installation, seconds=options.seconds, seed=seed)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _prove(installation: Installation, *, seconds: float, seed: int) -> int:
    platform = installation.url("platform")
    httpx.post(f"{platform}/sandbox/play", json={"speed": PLATFORM_SPEED}, trust_env=False).raise_for_status()
    tokens = asyncio.run(_tokens(installation))
    residents = Residents(installation.api_url, tokens, seed=seed)
    residents.start()
    try:
        killed = rampage(installation, seconds=seconds, seed=seed, tell=print)
    finally:
        installation.mend()
        residents.stop()
    print(f"killed {killed}; {len(residents.acknowledged)} reports acknowledged in {residents.tries} tries")
    waited = _settle(installation)
    state = httpx.post(f"{platform}/sandbox/state", json={}, trust_env=False, timeout=30).json()
    return _tell(asyncio.run(_check(installation, residents, state)) | {"settled in time": waited})


async def _tokens(installation: Installation) -> list[str]:
    await database.open_pool(installation.settings.database_url, size_max=2)
    try:
        return await make_residents(installation.settings, CROWD)
    finally:
        await database.close_pool()


def _settle(installation: Installation) -> list[str]:
    """Waits until no event, no call and no case is open any more; says what is left when time is up."""
    began = time.monotonic()
    while True:
        installation.mend()
        events, calls, cases = asyncio.run(_open(installation))
        if not events and not calls and not cases:
            print(f"settled {time.monotonic() - began:.1f} s after the last kill")
            return []
        if time.monotonic() - began > SETTLE_S:
            return [f"after {SETTLE_S:g} s {events} events, {calls} calls and {cases} cases are open"]
        time.sleep(1)


async def _open(installation: Installation) -> tuple[int, int, int]:
    """Events, calls, and reports whose closure the platform has still to send."""
    await database.open_pool(installation.settings.database_url, size_max=1)
    try:
        return *await checks.unsettled(), len(await checks.everyone_handed_over_and_closed())
    finally:
        await database.close_pool()


async def _check(installation: Installation, residents: Residents, state: dict[str, Any]) -> dict[str, list[str]]:
    await database.open_pool(installation.settings.database_url, size_max=2)
    try:
        return {
            "right answers": residents.wrong,
            "nothing acknowledged is lost": await checks.nothing_lost(residents),
            "nothing is doubled": await checks.nothing_doubled(residents),
            "handed over and closed": await checks.everyone_handed_over_and_closed(),
            "the platform took each round once": checks.platform_took_each_once(state),
            "nobody is told twice": await checks.nobody_told_twice(),
            "everybody is told the result": await checks.everyone_told_of_the_closure(),
            "everything verifies": await checks.everything_verifies(),
        }
    finally:
        await database.close_pool()


def _tell(found: dict[str, list[str]]) -> int:
    for name, offences in found.items():
        print(f"{'wrong' if offences else 'ok   '}  {name}")
        for line in offences[:LINES_MAX]:
            print(f"       {line}")
    return 1 if any(found.values()) else 0
