"""Signals of collusion: rings of mutual confirmation, shared devices, people always together, merchants with few hands.

A ring is a strongly connected group in the graph "organiser confirmed volunteer": a family at one address doing
different activities makes none; five people confirming each other do. Everything here is for an officer to look at,
never a verdict.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from domain.kernel import database

DEVICE_PEOPLE_MIN = 3
TOGETHER_TIMES_MIN, TOGETHER_WITHIN_S, TOGETHER_CROWD_MAX = 5, 60, 200
MERCHANT_BURNS_MIN, MERCHANT_HANDS, MERCHANT_SHARE_MIN = 20, 5, 0.8
LISTED_MAX = 100

EDGES = """
select distinct replace(t.confirmed_by, 'organiser:', '')::uuid as one, s.account as other
from attendance t join activity_signup s on s.id = t.id
where t.state = 'confirmed' and t.confirmed_by like 'organiser:%' and t.out_at >= $1
"""


async def rings(*, since: datetime) -> list[set[UUID]]:
    """Groups of at least two in which everybody's hours were confirmed, directly or round about, by everybody."""
    graph: dict[UUID, set[UUID]] = {}
    for row in await database.fetch(EDGES, since):
        graph.setdefault(row["one"], set()).add(row["other"])
    return rings_of(graph)


def rings_of(graph: Mapping[UUID, Iterable[UUID]]) -> list[set[UUID]]:
    """The strongly connected groups of at least two."""
    reach = {start: _reachable(graph, start) for start in graph}
    found: list[set[UUID]] = []
    for start in graph:
        ring = {other for other in reach[start] if start in reach.get(other, set())}
        if len(ring) > 1 and ring not in found:
            found.append(ring)
    return found


def _reachable(graph: Mapping[UUID, Iterable[UUID]], start: UUID) -> set[UUID]:
    seen: set[UUID] = set()
    waiting = list(graph.get(start, ()))
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(graph.get(node, ()))
    return seen


class SharedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """One device that checked in for several people."""

    device: str
    people: list[UUID]
    activities: int


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two people who check in within the same minute again and again."""

    one: UUID
    other: UUID
    times: int


class FewHands(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant most of whose vouchers were burned for a handful of people."""

    merchant: str
    burned: int
    of_the_few: int
    within_a_minute: int  # burned less than a minute after the order was confirmed


DEVICES = """
select t.device, array_agg(distinct s.account) as people, count(distinct t.activity)::int as activities
from attendance t join activity_signup s on s.id = t.id
where t.in_at >= $1 and t.in_how in ('code', 'offline') and t.device <> 'closed'
group by t.device having count(distinct s.account) >= $2 order by count(distinct s.account) desc, t.device limit $3
"""
PAIRS = """
with came as (
  select s.account, t.activity, t.in_at, count(*) over (partition by t.activity) as crowd
  from attendance t join activity_signup s on s.id = t.id where t.in_at >= $1)
select a.account as one, b.account as other, count(*)::int as times from came a
join came b on b.activity = a.activity and b.account > a.account
  and abs(extract(epoch from b.in_at - a.in_at)) <= $2
where a.crowd <= $3 group by 1, 2 having count(*) >= $4 order by 3 desc, 1, 2 limit $5
"""
HANDS = """
with each as (
  select g.merchant, o.person, count(*) as n,
    count(*) filter (where v.burned_at < o.confirmed_at + interval '1 minute') as quick
  from voucher v join redemption_order o on o.id = v.id join reward_good g on g.id = o.good
  where v.burned_at >= $1 group by 1, 2),
ranked as (select *, row_number() over (partition by merchant order by n desc, person) as place from each)
select p.code as merchant, sum(r.n)::int as burned, (sum(r.n) filter (where r.place <= $2))::int as of_the_few,
  sum(r.quick)::int as within_a_minute
from ranked r join reward_partner p on p.id = r.merchant group by p.code
having sum(r.n) >= $3 and sum(r.n) filter (where r.place <= $2) >= $4::float8 * sum(r.n) order by 2 desc, 1
"""


async def devices(*, since: datetime) -> list[SharedDevice]:
    """Devices that checked in for at least `DEVICE_PEOPLE_MIN` people."""
    rows = await database.fetch(DEVICES, since, DEVICE_PEOPLE_MIN, LISTED_MAX)
    return [SharedDevice(**dict(row)) for row in rows]


async def pairs(*, since: datetime) -> list[Pair]:
    """People who arrived within a minute of each other at `TOGETHER_TIMES_MIN` activities; big crowds do not count."""
    rows = await database.fetch(PAIRS, since, TOGETHER_WITHIN_S, TOGETHER_CROWD_MAX, TOGETHER_TIMES_MIN, LISTED_MAX)
    return [Pair(**dict(row)) for row in rows]


async def few_hands(*, since: datetime) -> list[FewHands]:
    """Merchants of whose burned vouchers `MERCHANT_SHARE_MIN` went to `MERCHANT_HANDS` people or fewer."""
    rows = await database.fetch(HANDS, since, MERCHANT_HANDS, MERCHANT_BURNS_MIN, MERCHANT_SHARE_MIN)
    return [FewHands(**dict(row)) for row in rows]
