"""Month-end expiry of a million accounts."""

from datetime import UTC, date, datetime

from api.bench.bench import Bench
from api.bench.report import Limit, Report
from domain.kernel import database
from rewards import chores, proving

SUMMARY = "month-end expiry of 1,000,000 accounts, each with points to lose"
ROLES = ()
ACCOUNTS = 1_000_000
STEP = 20_000  # per statement, well within the statement timeout
SECONDS_MAX = 60.0
DAY = date(2020, 1, 31)

FILL = """
with accounts as (
  insert into reward_account (owner, kind, unit, floor, balance, held, cum_debited, postings, opened_at)
  select gen_random_uuid(), 'resident', 1, 0, 10, 0, 0, 1, now() from generate_series(1, $1::int) returning id),
buckets as (insert into ledger_bucket (account, expires, earned) select id, $2::date, 10 from accounts),
moved as (
  insert into ledger_transfer (posted_at, occurred_at, key, kind, unit, debit, credit, amount, credit_after, rule)
  select now(), now(), gen_random_uuid(), 'earn', 1, 11, id, 10, 10, 'bench@1' from accounts
  returning id, key, posted_at)
insert into ledger_key (id, print, transfer, posted_at) select key, '\\x00'::bytea, id, posted_at from moved
"""


async def run(bench: Bench) -> Report:
    """Opens the accounts, gives each ten points of a month long past, and expires them."""
    for _ in range(ACCOUNTS // STEP):
        await database.execute(FILL, STEP, DAY)
    done: list[int] = []

    async def work() -> int:
        last: int | None = 0
        while last is not None:
            last, accounts = await chores.expire(until=DAY, after=last, now=datetime.now(UTC))
            done.append(accounts)
        return sum(done)

    row = await bench.counted("expiring, per account", work, groups={"postgres": bench.groups["postgres"]})
    seconds = sum(done) / (row.per_second or 1)
    faults = await proving.faults()
    return Report(
        scenario="expiry",
        rows=[row],
        limits=[
            Limit(
                name="expiring a million accounts",
                value=seconds * ACCOUNTS / max(sum(done), 1),
                unit="s",
                limit=SECONDS_MAX,
            ),
            Limit(name="broken promises of the ledger afterwards", value=len(faults), unit="rows", limit=0),
        ],
    )
