"""`green-whistle bench NAME`: one scenario on a fresh installation in `.bench/`; non-zero when a limit is missed."""

import argparse
import asyncio
import importlib
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from api.bench.bench import Bench
from api.bench.report import Report, show
from api.bench.scenarios.catalogue import SCENARIOS
from api.embedded.installation import Installation
from api.parts import open_parts
from domain.kernel.settings import Settings

FOLDER = Path(".bench")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which scenario and how long."""
    parser.add_argument("scenario", choices=[*SCENARIOS, "list"], metavar="NAME", help=", ".join([*SCENARIOS, "list"]))
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one round of load")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; medians are told")
    parser.add_argument("--json", type=Path, help="also write the report there")


def run(options: argparse.Namespace) -> int:
    """0 when every limit was kept."""
    if options.scenario == "list":
        for name, path in SCENARIOS.items():
            print(f"{name:20}  {importlib.import_module(path).SUMMARY}")
        return 0
    if not sys.platform.startswith("linux"):
        print("measuring reads /proc: Linux only")
        return 2
    report = measure(options.scenario, seconds=options.seconds, rounds=options.rounds)
    show(report)
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    return 0 if all(limit.kept for limit in report.limits) else 1


def measure(name: str, *, seconds: float, rounds: int) -> Report:
    """Runs one scenario on an installation of its own, which is removed afterwards."""
    scenario: Any = importlib.import_module(SCENARIOS[name])
    FOLDER.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=FOLDER)).resolve()
    needed = getattr(scenario, "SETTINGS", {})
    settings = Settings(data_dir=str(folder), rate_limits="off", log_level="warning", **needed)
    try:
        with Installation(settings, roles=scenario.ROLES, tell=lambda what: print(f"  {what}")) as installation:
            return asyncio.run(_run(scenario, installation, seconds=seconds, rounds=rounds))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _run(scenario: Any, installation: Installation, *, seconds: float, rounds: int) -> Report:
    async with open_parts(installation.settings) as parts:
        bench = Bench(installation, parts, seconds=seconds, rounds=rounds)
        report: Report = await scenario.run(bench)
        return report
