"""Ten million transfers over a year: which partitions a question touches, and what it costs."""

import re
from datetime import UTC, datetime, timedelta

from api.bench.bench import Bench
from api.bench.report import Limit, Report
from domain.kernel import database

SUMMARY = "10,000,000 transfers in 12 months: partition pruning and the cost of month totals and statements"
ROLES = ()
ROWS = 10_000_000
STEP = 500_000
ACCOUNTS = 200_000
FIRST = 1_000_000
READS = 500

FILL = """
insert into ledger_transfer (posted_at, occurred_at, key, kind, unit, debit, credit, amount, credit_after, rule)
select at, at, gen_random_uuid(), 'earn', 1, 11, $1::bigint + (n::bigint * 7919) % $2::int, 10, 10, 'bench@1'
from (select n, $3::timestamptz + n * $4::interval as at from generate_series($5::int, $5::int + $6::int - 1) n) x
"""
MONTH = "select kind, sum(amount) from ledger_transfer where posted_at >= '{0}' and posted_at < '{1}' group by kind"
STATEMENT = "select id, amount from ledger_transfer where credit = $1 and credit >= 1000 order by id desc limit 20"


async def run(bench: Bench) -> Report:
    """Fills a year and asks; the plan of a month's total must touch one partition only."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    await database.execute(
        "select ledger_month((date '2025-01-01' + make_interval(months => m))::date) from generate_series(0, 11) m"
    )
    gap = timedelta(days=364) / ROWS
    for first in range(0, ROWS, STEP):
        await database.execute(FILL, FIRST, ACCOUNTS, start, gap, first, STEP)
    await database.execute("analyze ledger_transfer")
    plan = await database.fetch("explain " + MONTH.format("2025-03-01", "2025-04-01"))
    touched = {name for row in plan for name in re.findall(r"ledger_transfer_\w+", row[0]) if "idx" not in name}
    month = await bench.counted("a month's totals", _month, groups={"postgres": bench.groups["postgres"]})
    page = await bench.counted("a page of a statement", _pages, groups={"postgres": bench.groups["postgres"]})
    return Report(
        scenario="history",
        rows=[month, page],
        limits=[Limit(name="partitions a month's total touches", value=len(touched), unit="of 13+", limit=1)],
        notes=[row[0] for row in plan],
    )


async def _month() -> int:
    await database.fetch(MONTH.format("2025-03-01", "2025-04-01"))
    return 1


async def _pages() -> int:
    for n in range(READS):
        await database.fetch(STATEMENT, FIRST + (n * 131) % ACCOUNTS)
    return READS
