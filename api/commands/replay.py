"""`green-whistle replay`: events whose handler kept failing and calls that were given up, listed and offered again.

Every replay leaves an audit row; the ids stay the same, so receivers recognise what they already took.
"""

import argparse
import asyncio

from api.embedded import addresses
from domain.kernel import audit, clock, database, leases, outbox, settings
from domain.kernel.settings import Settings

SHOWN_MAX = 200
EVENTS = (
    "select id, name, recorded_at, error from outbox_event where done_at is null and attempts >= $1"
    " order by id limit $2"
)
JOBS = (
    "select id, kind, subject, created_at, outcome from send_job where state = 'dead' and ($1 = '' or kind = $1)"
    " order by seq limit $2"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to offer again; without `--go` it only lists."""
    parser.add_argument("--kind", default="", help="only calls of this kind, and no events")
    parser.add_argument("--go", action="store_true", help="offer them again (otherwise: list)")
    parser.add_argument("--reason", default="", help="why; required with --go, kept in the audit trail")


async def _replay(options: argparse.Namespace) -> None:
    events = [] if options.kind else await database.fetch(EVENTS, outbox.ATTEMPTS_MAX, SHOWN_MAX)
    jobs = await database.fetch(JOBS, options.kind, SHOWN_MAX)
    for row in events:
        print(f"event {row['id']}  {row['name']}  {row['recorded_at']:%F %T}  {row['error']}")
    for row in jobs:
        print(f"call  {row['id']}  {row['kind']}  {row['subject']}  {row['created_at']:%F %T}  {row['outcome']}")
    if options.go:
        await _offer([row["id"] for row in events], [row["id"] for row in jobs], reason=options.reason)
    print(f"{len(events)} events and {len(jobs)} calls {'offered again' if options.go else 'are dead'}")


async def _offer(event_ids: list[int], job_ids: list[object], *, reason: str) -> None:
    now = clock.utc_now()
    async with database.transaction():
        await database.execute(
            "update outbox_event set attempts = 0, lease_until = null where id = any($1) and done_at is null", event_ids
        )
        revived = await leases.revive(job_ids, now=now)  # type: ignore[arg-type]
        detail = {"events": event_ids, "calls": [str(job) for job in job_ids], "revived": revived, "reason": reason}
        await audit.append(actor="command-line", action="replay", subject="dead-letters", at=now, detail=detail)


async def _with_pool(chosen: Settings, options: argparse.Namespace) -> None:
    await database.open_pool(chosen.database_url, size_max=2)
    try:
        await _replay(options)
    finally:
        await database.close_pool()


def run(options: argparse.Namespace) -> int:
    """Lists, or offers again."""
    if options.go and not options.reason.strip():
        print("say why: --reason TEXT")
        return 2
    chosen = addresses.need(settings.load(), "postgres")
    settings.use(chosen)
    asyncio.run(_with_pool(chosen, options))
    return 0
