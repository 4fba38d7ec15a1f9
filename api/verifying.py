"""What must never be true: each room's proof over its own stored rows, one line here. `green-whistle verify` runs all.

A check returns the offending rows as sentences; an empty list is the proof.
"""

from collections.abc import Awaitable, Callable, Mapping

from domain.kernel import audit, database, outbox
from rewards import proving, sealing

Check = Callable[[], Awaitable[list[str]]]


async def audit_chain() -> list[str]:
    """The hash chain over the audit trail; names the first bad row."""
    broken = await audit.first_broken_block()
    return [] if broken is None else [await audit.first_bad_row(broken)]


async def stuck_rows() -> list[str]:
    """Events and calls that gave up and wait for a person."""
    events = await database.fetch(
        "select id, name, error from outbox_event where done_at is null and attempts >= $1 order by id limit 100",
        outbox.ATTEMPTS_MAX,
    )
    jobs = await database.fetch("select id, kind, outcome from send_job where state = 'dead' order by seq limit 100")
    return [f"event {row['id']} {row['name']}: {row['error']}" for row in events] + [
        f"call {row['id']} {row['kind']}: {row['outcome']}" for row in jobs
    ]


async def ledger_sums() -> list[str]:
    """Balances, stamps, buckets, holds, keys and reversals of the ledger, re-summed."""
    return [f"{fault.rule}: {fault.row}" for fault in await proving.faults()]


CHECKS: Mapping[str, Check] = {
    "audit chain": audit_chain,
    "nothing stuck": stuck_rows,
    "ledger sums": ledger_sums,
    "ledger blocks": sealing.broken_blocks,
}


async def verify() -> dict[str, list[str]]:
    """Every check with what it found; needs an open pool."""
    return {name: await check() for name, check in CHECKS.items()}
