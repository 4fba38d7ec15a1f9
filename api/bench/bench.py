"""What a scenario works with: a fresh installation, its meter, and rounds of load."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from api.bench import meter
from api.bench.load import Load, Prepare, closed_loop
from api.bench.report import Row, percentile
from api.embedded.installation import Installation
from api.parts import Parts
from api.tokens import issue_access
from domain.kernel import database
from domain.kernel.settings import Settings
from domain.residents import accounts, sessions

US_PER_S = 1_000_000
WARM_UP_S = 1.0


class Bench:
    """One run of one scenario."""

    def __init__(self, installation: Installation, parts: Parts, *, seconds: float, rounds: int) -> None:
        """`seconds` is the length of one round of load."""
        self.installation, self.parts, self.seconds, self.rounds = installation, parts, seconds, rounds
        self.settings = installation.settings
        self._sent = 0
        self.groups: dict[str, int] = {"postgres": installation.stack.child("postgres").pid}
        self.groups |= {role: installation.child(role).pid for role in installation.roles if role in {"api", "worker"}}

    @property
    def url(self) -> str:
        """Where the API listens."""
        return self.installation.api_url

    async def residents(self, count: int) -> list[str]:
        """Access tokens of `count` new residents (15 minutes)."""
        return await make_residents(self.settings, count)

    async def under_load(
        self,
        name: str,
        prepare: Prepare,
        *,
        url: str = "",
        connections: int = 16,
        seconds: float | None = None,
        groups: Mapping[str, int] | None = None,
        pause_s: float = 0.0,
    ) -> Row:
        """One round: server CPU per answered request of `prepare`, with `pause_s` in between, and its latencies."""
        watched = dict(groups or self.groups)
        before = meter.read(watched)
        load = await self._load(
            url or self.url, prepare, connections=connections, seconds=seconds or self.seconds, pause_s=pause_s
        )
        used = meter.read(watched).since(before)
        return _row(name, load, used)

    async def warm_up(self, prepare: Prepare, *, url: str = "", connections: int = 16) -> None:
        """Load before measuring: pools full, plans made, code warm."""
        await self._load(url or self.url, prepare, connections=connections, seconds=WARM_UP_S)

    async def counted(
        self, name: str, work: Callable[[], Awaitable[int]], *, groups: Mapping[str, int] | None = None
    ) -> Row:
        """Runs `work`, which answers how many operations it did; server CPU per operation."""
        watched = dict(groups or self.groups)
        before, began = meter.read(watched), datetime.now(UTC)
        done = await work()
        seconds = (datetime.now(UTC) - began).total_seconds()
        used = meter.read(watched).since(before)
        per_operation = {group: us / max(done, 1) for group, us in used.by_group.items()}
        return Row(name=name, operations=done, cpu_us=per_operation, per_second=done / seconds)

    async def _load(
        self, url: str, prepare: Prepare, *, connections: int, seconds: float, pause_s: float = 0.0
    ) -> Load:
        load = await closed_loop(
            url, prepare, connections=connections, seconds=seconds, first=self._sent, pause_s=pause_s
        )
        self._sent += load.count + sum(load.failures.values()) + connections
        return load


def _row(name: str, load: Load, used: meter.Cpu) -> Row:
    return Row(
        name=name,
        operations=load.count,
        cpu_us={group: us / max(load.count, 1) for group, us in used.by_group.items()},
        p50_ms=percentile(load.latencies_ms, 0.5),
        p95_ms=percentile(load.latencies_ms, 0.95),
        per_second=load.count / load.seconds,
        failures=sum(load.failures.values()),
    )


async def make_residents(settings: Settings, count: int) -> list[str]:
    """Access tokens of `count` new residents; needs an open pool."""
    now, tokens = datetime.now(UTC), []
    for _ in range(count):
        async with database.transaction():
            account: UUID = await accounts.account_for_openid(f"oBench{secrets.token_hex(8)}", now=now)
            session = await sessions.begin(account, now=now)
        tokens.append(issue_access(settings, kind="resident", subject=account, session=session.id, now=now))
    return tokens
