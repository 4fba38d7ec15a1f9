"""The posting function against TPC-B-like transactions on the same server: single, hot, batch, reads, sealing."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from functools import partial
from uuid import UUID

from api.bench import pgbench
from api.bench.bench import Bench
from api.bench.report import Limit, Report, Row, median_row
from domain.kernel import database
from domain.kernel.ids import new_id
from rewards import ledger, sealing, statements
from rewards.ledger import Movement

SUMMARY = "ledger_post and ledger_post_batch, balance reads and sealing against TPC-B at 32 clients"
ROLES = ()
ACCOUNTS = 100_000
FIRST = 1_000_000  # ids of the bench's accounts
LAST = FIRST + ACCOUNTS - 1
BATCH = 100
WRITERS = 8
LONG_HISTORY = 100_000  # entries of one account
READS = 2_000
FLUSH_US = 1_000  # of the slow disk: every commit's leader waits so long before it flushes
SINGLE_RATIO_MAX, BATCH_RATIO_MAX, HOT_SHARE_MIN, SEALING_US_MAX, FLAT_MAX = 0.9, 0.25, 0.9, 20.0, 1.5

MAKE = """
insert into reward_account (id, owner, kind, unit, floor, balance, held, cum_debited, postings, opened_at)
select $1 + n, gen_random_uuid(), 'team', 1, 0, 1000000, 0, 0, 0, now() from generate_series(0, $2 - 1) n
"""
UNIFORM = f"""
\\set a random({FIRST}, {LAST})
\\set b random({FIRST}, {LAST})
select * from ledger_post(gen_random_uuid(), '\\x00'::bytea, 'gift', :a, :b, 1, now(), now(), 'bench@1');
"""
HOT = f"""
\\set a random({FIRST}, {LAST})
select * from ledger_post(gen_random_uuid(), '\\x00'::bytea, 'earn', 11, :a, 1, now(), now(), 'bench@1');
"""
EARN = f"""
\\set a random({FIRST}, {LAST})
select * from ledger_post(gen_random_uuid(), '\\x00'::bytea, 'earn', 11, :a, 1, now(), now(), 'bench@1', null,
'2099-12-31');
"""


async def run(bench: Bench) -> Report:
    """Rounds of all in turn, so that they share the machine's moods."""
    await pgbench.prepare(bench)
    await database.execute(MAKE, FIRST, ACCOUNTS)
    kinds: dict[str, Callable[[], Awaitable[Row]]] = {
        "TPC-B": lambda: pgbench.tpcb(bench),
        "posting between accounts": lambda: pgbench.script(bench, "posting between accounts", UNIFORM),
        "posting from the issuer": lambda: pgbench.script(bench, "posting from the issuer", HOT),
        "earning with its month": lambda: pgbench.script(bench, "earning with its month", EARN),
        "batch of 100, per posting": lambda: bench.counted(
            "batch of 100, per posting", partial(batches, bench), groups=_pg(bench)
        ),
    }
    rounds: dict[str, list[Row]] = {name: [] for name in kinds}
    for _ in range(bench.rounds):
        for name, once in kinds.items():
            rounds[name].append(await once())
    rows = {name: median_row(found) for name, found in rounds.items()}
    slow = await slow_flush_rows(bench)
    reads = await read_rows(bench)
    sealed = await bench.counted("sealing, per row", seal_all, groups=_pg(bench) | {"sealer": os.getpid()})
    limits = [*_limits(rows, reads, sealed), _hot_limit("hot / uniform throughput, 1 ms per flush", *slow)]
    return Report(scenario="ledger", rows=[*rows.values(), *slow, *reads, sealed], limits=limits)


async def slow_flush_rows(bench: Bench) -> list[Row]:
    """Uniform and hot postings when each flush takes a millisecond more; a lock held through it would show."""
    await _flush_delay(FLUSH_US)
    try:
        found: dict[str, list[Row]] = {"uniform, 1 ms per flush": [], "from the issuer, 1 ms per flush": []}
        for _ in range(bench.rounds):
            for (name, rows), text in zip(found.items(), (UNIFORM, HOT), strict=True):
                rows.append(await pgbench.script(bench, name, text))
        return [median_row(rows) for rows in found.values()]
    finally:
        await _flush_delay(0)


async def _flush_delay(us: int) -> None:
    for setting, value in (("commit_delay", us), ("commit_siblings", 0 if us else 5)):
        await database.execute(f"alter system set {setting} = {value}")
    await database.execute("select pg_reload_conf()")


def _hot_limit(name: str, uniform: Row, hot: Row) -> Limit:
    share = (hot.per_second or 0) / (uniform.per_second or 1)
    return Limit(name=name, value=share, unit="x", limit=HOT_SHARE_MIN, sense="at least")


def _pg(bench: Bench) -> dict[str, int]:
    return {"postgres": bench.groups["postgres"]}


def an_earning(account: int) -> Movement:
    """One point from the issuer."""
    return Movement(
        key=new_id(),
        kind="earn",
        debit=ledger.issuer("points"),
        credit=account,
        amount=1,
        occurred_at=datetime.now(UTC),
        rule="bench@1",
        expires=date(2099, 12, 31),
    )


async def batches(bench: Bench) -> int:
    """Batches of earnings from several connections for one round; how many postings."""
    loop = asyncio.get_running_loop()
    until = loop.time() + bench.seconds
    counted = [0]

    async def write(part: int) -> None:
        n = part * 7919
        while loop.time() < until:
            accounts = [FIRST + (n + 13 * i) % ACCOUNTS for i in range(BATCH)]
            async with database.transaction():
                await ledger.post_batch([an_earning(a) for a in accounts], now=datetime.now(UTC))
            counted[0] += BATCH
            n += 104_729

    await asyncio.gather(*(write(part) for part in range(WRITERS)))
    return counted[0]


async def read_rows(bench: Bench) -> list[Row]:
    """Balance and statement of an account with ten entries and of one with a hundred thousand."""
    rows = []
    for entries in (10, LONG_HISTORY):
        owner = new_id()
        await _history(owner, entries)
        await statements.balances(owner)
        rows.append(await bench.counted(f"balance, {entries} entries", partial(_read, owner), groups=_pg(bench)))
    return rows


async def _history(owner: UUID, entries: int) -> None:
    now = datetime.now(UTC)
    async with database.transaction():
        account = await ledger.account(owner=owner, kind="resident", unit="points", now=now)
    for start in range(0, entries, ledger.BATCH_MAX):
        size = min(ledger.BATCH_MAX, entries - start)
        async with database.transaction():
            await ledger.post_batch([an_earning(account) for _ in range(size)], now=now)


async def _read(owner: UUID) -> int:
    for _ in range(READS):
        await statements.balances(owner)
    return READS


async def seal_all() -> int:
    """Seals everything that was posted; how many rows."""
    total = 0
    while True:
        async with database.transaction():
            sealed = await sealing.seal(now=datetime.now(UTC))
        if not sealed:
            return total
        total += sealed


def _limits(rows: dict[str, Row], reads: list[Row], sealed: Row) -> list[Limit]:
    floor = rows["TPC-B"].total_us
    uniform, hot = rows["posting between accounts"], rows["posting from the issuer"]
    shares = {name: rows[name].total_us / floor for name in rows if name != "TPC-B"}
    bounds = {name: BATCH_RATIO_MAX if name.startswith("batch") else SINGLE_RATIO_MAX for name in shares}
    flat = reads[1].total_us / reads[0].total_us
    return [
        *(Limit(name=f"{name} / TPC-B", value=shares[name], unit="x", limit=bounds[name]) for name in shares),
        _hot_limit("hot / uniform throughput", uniform, hot),
        Limit(name="balance of 100,000 / of 10 entries", value=flat, unit="x", limit=FLAT_MAX),
        Limit(name="sealing, CPU per row", value=sealed.total_us, unit="µs", limit=SEALING_US_MAX),
    ]
