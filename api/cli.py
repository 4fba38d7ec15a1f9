"""`green-whistle`: every command of the product. A command is a file in `api/commands/` and a line in `COMMANDS`.

Only the chosen command is imported: the object-store client alone would cost more than a second.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

BROKEN = 2


class Command(NamedTuple):
    """Where a command lives (a module with `add_arguments(parser)` and `run(options)`) and what it is for."""

    module: str
    summary: str


COMMANDS = {
    "demo": Command("api.demo.command", "start everything on this machine, play the story, keep serving"),
    "serve": Command("api.commands.serve", "serve the API"),
    "worker": Command("api.commands.worker", "run background workers"),
    "beat": Command("api.commands.beat", "run the clock that wakes the workers each second (one per installation)"),
    "migrate": Command("api.commands.migrate", "bring the database to this version's tables"),
    "doctor": Command("api.commands.doctor", "say what is configured, reachable and migrated"),
    "officer": Command("api.commands.officer", "make an officer; the first administrator of an installation"),
    "seed": Command("api.commands.seed", "fill an empty installation with the fictitious district"),
    "import": Command("api.commands.bring", "hand a file of disclosed data in for a dry run"),
    "export": Command("api.commands.export", "write disclosed data to a file"),
    "verify": Command("api.commands.verify", "re-compute the audit chain, the ledger and every other proof"),
    "replay": Command("api.commands.replay", "list dead events and calls, and offer them again"),
    "bench": Command("api.bench.command", "measure a scenario against a floor in the same run"),
    "prove": Command("api.prove.command", "kill servers under load and check that nothing is lost or doubled"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command named first; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="green-whistle", description="绿哨 Green Whistle")
    chosen = next((name for name in given if not name.startswith("-")), None)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        sub = commands.add_parser(name, help=command.summary, description=command.summary)
        if name == chosen:
            module = importlib.import_module(command.module)
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    options = parser.parse_args(given)
    try:
        return int(options.run(options) or 0)
    except (msgspec.ValidationError, ValueError) as error:
        if "GW_" not in str(error) and not isinstance(error, msgspec.ValidationError):
            raise
        print(f"green-whistle: settings: {error}", file=sys.stderr)
        return BROKEN


if __name__ == "__main__":
    sys.exit(main())
