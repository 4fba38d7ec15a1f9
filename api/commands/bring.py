"""`green-whistle import`: hands a CSV or XLSX file in for a dry run, as an officer would over HTTP.

The worker checks it; nothing becomes public before an officer publishes it (for penalties and ratings another one than
the officer named here).
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path
from uuid import UUID

from api.embedded import addresses
from domain.disclosure import imports
from domain.disclosure.catalogue import DATASETS
from domain.disclosure.checking import STOPS
from domain.disclosure.imports import Import
from domain.kernel import clock, database, settings
from domain.kernel.settings import Settings
from domain.kernel.sheets import FILE_BYTES_MAX

OFFICER = "select id from operator where login = $1 and status = 'active'"
UNDER_WAY = {"waiting", "checking"}
LOOK_EVERY_S = 0.5
FINDINGS_MAX = 50
REFUSED = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which file, for which dataset, on whose account."""
    parser.add_argument("dataset", choices=sorted(DATASETS))
    parser.add_argument("file", type=Path, help="CSV (UTF-8 or GB18030) or XLSX")
    parser.add_argument("--officer", required=True, help="login of the officer who brings it")
    parser.add_argument("--source", required=True, help="where the data comes from; shown beside every entry")
    parser.add_argument("--wait", type=float, default=300.0, help="seconds to wait for the worker's check")


async def _bring(options: argparse.Namespace) -> Import | None:
    officer: UUID | None = await database.fetch_value(OFFICER, options.officer)
    if officer is None:
        return None
    async with database.transaction():
        brought = await imports.bring(
            DATASETS[options.dataset],
            content=options.file.read_bytes(),
            file_name=options.file.name,
            source=options.source,
            operator=officer,
            now=clock.utc_now(),
        )
    until = time.monotonic() + options.wait
    while brought.state in UNDER_WAY and time.monotonic() < until:
        await asyncio.sleep(LOOK_EVERY_S)
        brought = await imports.find(brought.id)
    return brought


def _tell(brought: Import) -> None:
    print(f"import {brought.id}: {brought.state}, {brought.done} of {brought.rows} rows, {brought.counts}")
    for finding in brought.findings[:FINDINGS_MAX]:
        print(f"  {finding.kind} 第{finding.row}行 {finding.column} {finding.message}")
    if brought.state in UNDER_WAY:
        print("no worker has finished the check yet; look at it later in the console")


async def _with_pool(chosen: Settings, options: argparse.Namespace) -> int:
    await database.open_pool(chosen.database_url, size_max=2)
    try:
        brought = await _bring(options)
    finally:
        await database.close_pool()
    if brought is None:
        print(f"no active officer has the login {options.officer}", file=sys.stderr)
        return REFUSED
    _tell(brought)
    return 0 if brought.state == "checked" and not any(brought.counts.get(kind) for kind in STOPS) else 1


def run(options: argparse.Namespace) -> int:
    """0 when an officer may publish it, 1 when it has errors or is not checked yet, 2 when it cannot be taken."""
    if not options.file.is_file() or options.file.stat().st_size > FILE_BYTES_MAX:
        print(f"{options.file} is no file of at most {FILE_BYTES_MAX} bytes", file=sys.stderr)
        return REFUSED
    chosen = addresses.need(settings.load(), "postgres")
    settings.use(chosen)
    return asyncio.run(_with_pool(chosen, options))
