"""What must hold after the crash: each check returns the offending rows as sentences."""

from collections import Counter
from typing import Any

from api.prove.residents import Residents
from api.verifying import verify
from domain.kernel import database

UNSETTLED = """
select (select count(*) from outbox_event where done_at is null) as events,
       (select count(*) from send_job where state = 'pending') as calls
"""
REPORTS = "select id::text as id from report"
HANDED = """
select r.number, count(distinct cr."case") as cases, count(distinct f.id) filter (where f.closed) as closed
from report r
left join case_report cr on cr.report = r.id and cr.left_at is null
left join case_file f on f.id = cr."case"
group by r.number having count(distinct cr."case") <> 1 or count(distinct f.id) filter (where f.closed) <> 1
"""
TOLD_TWICE = """
select owner::text || ' ' || announcement as what, count(*) as times from inbox_message
group by 1 having count(*) > 1
union all
select a.event || ' ' || a.key, count(*) from announcement a where a.event > 0 group by 1 having count(*) > 1
"""
TOLD_OF_CLOSURE = """
select count(*) from inbox_message m join announcement a on a.id = m.announcement where a.topic = 'closure'
"""
PAID = "select count(*) from point_claim where behaviour = 'verified-report'"


async def unsettled() -> tuple[int, int]:
    """Events not handled and calls not made."""
    row = await database.fetch_row(UNSETTLED)
    return (row["events"], row["calls"]) if row is not None else (0, 0)


async def nothing_lost(residents: Residents) -> list[str]:
    """Every acknowledged report is stored."""
    stored = {row["id"] for row in await database.fetch(REPORTS)}
    return [f"acknowledged but not stored: {a.report_id}" for a in residents.acknowledged if a.report_id not in stored]


async def nothing_doubled(residents: Residents) -> list[str]:
    """One report per key: as many rows as different acknowledged ones, however often a key was sent."""
    acknowledged = {a.report_id for a in residents.acknowledged}
    rows = [row["id"] for row in await database.fetch(REPORTS)]
    twice = [key for key, times in Counter(a.key for a in residents.acknowledged).items() if times > 1]
    return [f"stored but never acknowledged: {row}" for row in rows if row not in acknowledged] + [
        f"two answers for one key: {key}" for key in twice
    ]


async def everyone_handed_over_and_closed() -> list[str]:
    """Each report has exactly one case, and its closure arrived."""
    return [f"{r['number']}: {r['cases']} cases, {r['closed']} closed" for r in await database.fetch(HANDED)]


async def nobody_told_twice() -> list[str]:
    """Each announcement once per event, each message once per person."""
    return [f"{row['what']}: {row['times']} times" for row in await database.fetch(TOLD_TWICE)]


async def everyone_told_of_the_closure() -> list[str]:
    """As many closure messages as reports."""
    told = await database.fetch_value(TOLD_OF_CLOSURE)
    reports = await database.fetch_value("select count(*) from report")
    return [] if told == reports else [f"{told} closure messages for {reports} reports"]


def platform_took_each_once(state: dict[str, Any]) -> list[str]:
    """The platform has each round of each case once, with its updates numbered without a gap."""
    rounds = Counter((case["case_id"], case["round"]) for case in state["cases"])
    return [f"round {key} was taken {times} times" for key, times in rounds.items() if times > 1]


async def everything_verifies() -> list[str]:
    """The product's own proofs: audit chain, ledger, nothing stuck."""
    return [f"{name}: {line}" for name, lines in (await verify()).items() for line in lines]
