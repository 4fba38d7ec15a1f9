"""Who confirms whose hours in a ring: strongly connected groups in the graph "organiser confirmed volunteer".

A family at one address doing different activities makes no ring; five people confirming each other do. The result is
for an officer to look at, never a verdict.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from domain.kernel import database

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
