"""`green-whistle verify`: re-computes what can be re-computed and names the first thing that does not agree."""

import argparse
import asyncio

from api.embedded import addresses
from api.verifying import verify
from domain.kernel import database, settings
from domain.kernel.settings import Settings

LINES_MAX = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


async def _verify(chosen: Settings) -> bool:
    await database.open_pool(chosen.database_url, size_max=2)
    try:
        found = await verify()
    finally:
        await database.close_pool()
    for name, offences in found.items():
        print(f"{'wrong' if offences else 'ok   '}  {name}")
        for line in offences[:LINES_MAX]:
            print(f"       {line}")
    return not any(found.values())


def run(options: argparse.Namespace) -> int:
    """0 when every check found nothing."""
    chosen = addresses.need(settings.load(), "postgres")
    settings.use(chosen)
    return 0 if asyncio.run(_verify(chosen)) else 1
