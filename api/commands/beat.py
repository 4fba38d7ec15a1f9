"""`green-whistle beat`: asks the workers each second to relay. Run one; a second one only wastes a little work."""

import argparse

from api.embedded import addresses
from domain.kernel import settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def run(options: argparse.Namespace) -> int:
    """Runs until SIGTERM."""
    settings.use(addresses.need(settings.load(), "postgres", "valkey"))
    from api.worker import app  # noqa: PLC0415 - it reads the broker's address when imported

    app.Beat(loglevel=settings.current().log_level.upper(), quiet=True).run()
    return 0
