"""`green-whistle migrate`: tables, functions and triggers of this version. Safe to repeat and to run twice at once."""

import argparse
import asyncio
import sys

import asyncpg

from api.embedded import addresses
from api.migrate import MigrationFailed, migrate
from domain.kernel import settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def run(options: argparse.Namespace) -> int:
    """0 when the database is at this version now."""
    chosen = addresses.need(settings.load(), "postgres")
    try:
        applied = asyncio.run(migrate(chosen))
    except (MigrationFailed, OSError, asyncpg.PostgresError) as error:
        print(f"not migrated: {error}", file=sys.stderr)
        return 1
    print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")
    return 0
