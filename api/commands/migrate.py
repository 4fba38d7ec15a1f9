"""`green-whistle migrate`: tables, functions, triggers and bucket of this version. Safe to repeat or run twice."""

import argparse
import asyncio
import sys

import asyncpg
import httpx

from api.embedded import addresses
from api.migrate import MigrationFailed, migrate
from domain.kernel import settings
from domain.kernel.errors import TryLater
from media import bucket


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def run(options: argparse.Namespace) -> int:
    """0 when the database is at this version and the bucket, where one is configured, is there and private."""
    configured = settings.load()
    chosen = addresses.need(configured, "postgres")
    try:
        applied = asyncio.run(migrate(chosen))
    except (MigrationFailed, OSError, asyncpg.PostgresError) as error:
        print(f"not migrated: {error}", file=sys.stderr)
        return 1
    print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")
    return asyncio.run(_bucket(configured)) if configured.s3_url else 0  # the embedded store makes its own


async def _bucket(chosen: settings.Settings) -> int:
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            made = await bucket.prepare(chosen, http=http)
    except (bucket.BucketOpen, httpx.HTTPError) as error:
        print(f"not ready: {error}", file=sys.stderr)
        return 1
    except TryLater:
        print("not ready: the object store is unreachable or refuses our keys", file=sys.stderr)
        return 1
    print(f"bucket {chosen.s3_bucket}: {'made' if made else 'there'}, closed to strangers")
    return 0
