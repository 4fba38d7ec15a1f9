"""`green-whistle doctor`: what is configured (secrets masked), reachable, migrated."""

import argparse
import asyncio
import sys

import msgspec

from api import doctor
from api.embedded import addresses
from domain.kernel import settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How to show it."""
    parser.add_argument("--json", action="store_true", help="one JSON list instead of lines")


def run(options: argparse.Namespace) -> int:
    """0 when nothing is wrong."""
    configured = settings.load()
    chosen = addresses.remembered(configured)
    findings = doctor.settings_findings(chosen, embedded=addresses.missing(configured))
    findings += asyncio.run(doctor.examine(chosen))
    if options.json:
        sys.stdout.write(msgspec.json.encode(findings).decode() + "\n")
    else:
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            print(f"{finding.mark:5}  {finding.what:{width}}  {finding.says}")
    return 1 if any(finding.mark == "wrong" for finding in findings) else 0
