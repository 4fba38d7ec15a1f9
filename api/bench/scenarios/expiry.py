"""Month-end expiry of a million accounts."""

from datetime import UTC, date, datetime

from api.bench.bench import Bench
from api.bench.report import Limit, Report
from domain.kernel import database
from rewards import chores, proving

SUMMARY = "month-end expiry of 1,000,000 accounts, each with points to lose"
ROLES = ()
ACCOUNTS = 1_000_000
STEP = 50_000
SECONDS_MAX = 60.0
DAY = date(2020, 1, 31)

OPEN = """
insert into reward_account (owner, kind, unit, floor, balance, held, cum_debited, postings, opened_at)
select gen_random_uuid(), 'resident', 1, 0, 0, 0, 0, 0, now() from generate_series(1, $1::int)
"""
EARN = """
select count(*) from (
  select array_agg(gen_random_uuid()) as keys, array_agg('\\x00'::bytea) as prints, array_agg(id) as ids,
    array_agg(10::bigint) as amounts, array_agg(now()) as times, array_agg(null::text) as rules,
    array_agg(null::uuid) as evidence, array_agg($1::date) as days
  from (select id from reward_account where kind = 'resident' and balance = 0 order by id limit $2) fresh) a,
  ledger_post_batch(a.keys, a.prints, 'earn', 11, a.ids, a.amounts, a.times, now(), a.rules, a.evidence, a.days)
"""


async def run(bench: Bench) -> Report:
    """Opens the accounts, gives each ten points of a month long past, and expires them."""
    for _ in range(ACCOUNTS // STEP):
        await database.execute(OPEN, STEP)
        await database.execute(EARN, DAY, STEP)
    done: list[int] = []

    async def work() -> int:
        accounts, _ = await chores.expire(until=DAY, now=datetime.now(UTC))
        done.append(accounts)
        return accounts

    row = await bench.counted("expiring, per account", work, groups={"postgres": bench.groups["postgres"]})
    seconds = done[0] / (row.per_second or 1)
    faults = await proving.faults()
    return Report(
        scenario="expiry",
        rows=[row],
        limits=[
            Limit(
                name="expiring a million accounts",
                value=seconds * ACCOUNTS / max(done[0], 1),
                unit="s",
                limit=SECONDS_MAX,
            ),
            Limit(name="broken promises of the ledger afterwards", value=len(faults), unit="rows", limit=0),
        ],
    )
