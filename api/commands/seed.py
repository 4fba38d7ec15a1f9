"""`green-whistle seed`: the fictitious district, for demonstrations and tests; safe to repeat."""

import argparse
import asyncio
import sys

from api.embedded import addresses
from api.parts import open_parts
from api.seeding import seed
from domain.kernel import clock, settings
from domain.kernel.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


async def _seed(chosen: Settings) -> None:
    async with open_parts(chosen) as parts:
        for line in await seed(parts, now=clock.utc_now()):
            print(line)


def run(options: argparse.Namespace) -> int:
    """Refused in production: the data is fictitious."""
    chosen = addresses.need(settings.load(), "postgres", "valkey")
    if chosen.env == "production":
        print("the seed is fictitious data; it does not go into production", file=sys.stderr)
        return 1
    asyncio.run(_seed(chosen))
    return 0
