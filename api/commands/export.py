"""`green-whistle export`: a disclosed dataset as a file, exactly as the public may read it."""

import argparse
import asyncio
import sys
from datetime import date
from pathlib import Path

from api.embedded import addresses
from api.open_data import formats
from domain.disclosure.catalogue import DATASETS
from domain.disclosure.reading import Question
from domain.kernel import clock, database, settings
from domain.kernel.settings import Settings

WRITERS = {"csv": formats.csv_lines, "geojson": formats.geojson_parts}
REFUSED = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What, as of when, where to."""
    parser.add_argument("dataset", choices=sorted(DATASETS))
    parser.add_argument("--format", choices=sorted(WRITERS), default="csv")
    parser.add_argument("--as-of", type=date.fromisoformat, default=None, help="what was public on this day")
    parser.add_argument("--to", type=Path, default=None, help="a file; without it the standard output")


async def _export(chosen: Settings, options: argparse.Namespace) -> None:
    question = Question(today=clock.local_day(clock.utc_now()), as_of=options.as_of)
    parts = WRITERS[options.format](DATASETS[options.dataset], question)
    out = options.to.open("wb") if options.to else sys.stdout.buffer
    await database.open_pool(chosen.database_url, size_max=2)
    try:
        async for part in parts:
            out.write(part)
    finally:
        await database.close_pool()
        out.flush()
        if options.to:
            out.close()


def run(options: argparse.Namespace) -> int:
    """Writes the file; 2 when the dataset has no place and GeoJSON is asked for."""
    if options.format == "geojson" and not DATASETS[options.dataset].place:
        print(f"{options.dataset} has no place; take --format csv", file=sys.stderr)
        return REFUSED
    chosen = addresses.need(settings.load(), "postgres")
    settings.use(chosen)
    asyncio.run(_export(chosen, options))
    return 0
