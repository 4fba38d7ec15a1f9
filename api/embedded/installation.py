"""A whole installation on this machine: servers, migrated and seeded, then API, worker, beat and the two sandboxes.

The demonstration, the measurements and the kill proof all run on one. Everything started here ends with it.
"""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import httpx
import msgspec

from api.embedded import children
from api.embedded.addresses import connected, missing
from api.embedded.children import Child
from api.embedded.environment import as_environment
from api.embedded.ports import LOOPBACK
from api.embedded.stack import Stack
from api.migrate import migrate
from domain.kernel import settings as process_settings
from domain.kernel.settings import Settings, data_dir

READY_TIMEOUT_S = 60.0
Tell = Callable[[str], None]


class Role(NamedTuple):
    """One of our processes: how it is started, and whether it listens."""

    arguments: tuple[str, ...]  # after `python`; {port} and {api} are filled in
    listens: bool = False


ROLES: Mapping[str, Role] = {  # start order; stopped in reverse
    "wechat": Role(("-m", "api.sandbox.wechat", "--port", "{port}"), listens=True),
    "platform": Role(("-m", "api.sandbox.case_platform", "--port", "{port}", "--api", "{api}"), listens=True),
    "floor": Role(("-m", "api.bench.floor", "--port", "{port}"), listens=True),  # only for measurements
    "api": Role(("-m", "api.cli", "serve", "--port", "{port}"), listens=True),
    "worker": Role(("-m", "api.cli", "worker", "--processes", "2")),
    "beat": Role(("-m", "api.cli", "beat")),
}
DEMONSTRATED = tuple(role for role in ROLES if role != "floor")


class Installation:
    """Entering starts it, leaving stops it. Use it from the main thread, with no event loop running."""

    def __init__(
        self,
        settings: Settings,
        *,
        roles: Sequence[str] = DEMONSTRATED,
        tell: Tell = lambda _: None,
        seeded: bool = True,
        api_port: int | None = None,
    ) -> None:
        """`settings` may name external servers; what they do not name is embedded in their data folder.

        `api_port` is where people look for the API; without it any free port will do, and several run side by side.
        """
        self.settings, self.roles, self._tell, self._seeded = settings, list(roles), tell, seeded
        self._api_port = api_port
        self.data = data_dir(settings)
        self.stack = Stack(self.data, services=missing(settings), pg_bin=settings.pg_bin, bucket=settings.s3_bucket)
        self.ports: dict[str, int] = {}
        self._children: dict[str, Child] = {}

    def __enter__(self) -> Self:
        """Starts everything in order and waits until requests are answered."""
        self._tell("starting " + (", ".join(self.stack.services) or "nothing: all servers are external"))
        self.stack.__enter__()
        try:
            self._prepare()
            for role in self.roles:
                self._tell(f"starting {role}")
                self.start(role)
            for role in self.roles:
                self._wait(role)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops everything."""
        self.stop()

    @property
    def api_url(self) -> str:
        """Where the API listens."""
        return self.url("api")

    def url(self, role: str) -> str:
        """Where a listening process of ours is found."""
        return f"http://{LOOPBACK}:{self.ports[role]}"

    def child(self, role: str) -> Child:
        """The process in this role now."""
        return self._children[role]

    def log(self, role: str) -> Path:
        """Where it writes."""
        return self.data / f"{role}.log"

    def start(self, role: str) -> None:
        """Starts one of our processes; one that was not named at the start joins the others."""
        if role not in self.roles:
            self.roles.append(role)
        api = self.api_url if "api" in self.ports else self.settings.public_url
        filled = [text.format(port=self.ports.get(role, 0), api=api) for text in ROLES[role].arguments]
        self._children[role] = children.spawn(
            [sys.executable, *filled],
            name=role,
            log=self.log(role),
            death_signal=signal.SIGKILL,  # when we are killed the servers go too: nothing left to finish
            env=as_environment(self.settings),
        )

    def mend(self) -> list[str]:
        """Starts again what died; returns the names. Call it from the main thread."""
        dead = [name for name in self.stack.services if not self.stack.child(name).alive()]
        for name in dead:
            self.stack.revive(name)
        ended = [role for role in self.roles if not self._children[role].alive()]
        for role in ended:
            self.start(role)
        return dead + ended

    def stop(self) -> None:
        """Ends our processes first, then the servers they use."""
        for role in reversed(self._children):
            self._children[role].signal_stop()
        for role in reversed(self._children):
            self._children[role].wait_stopped(timeout_s=10)
        self._children.clear()
        self.stack.stop()

    def _prepare(self) -> None:
        self.settings = connected(self.settings, self.stack)
        for role in self.roles:
            if ROLES[role].listens:
                self.ports[role] = self.stack.ports.get(role, wanted=self._api_port if role == "api" else None)
        self.settings = msgspec.structs.replace(self.settings, **self._own_addresses())
        process_settings.use(self.settings)
        self._tell("migrating")
        asyncio.run(migrate(self.settings))
        if self._seeded:
            self._tell("seeding")
            asyncio.run(_seed(self.settings))

    def _own_addresses(self) -> dict[str, str]:
        changes = {}
        if "api" in self.ports and self.settings.public_url == Settings().public_url:
            changes["public_url"] = self.api_url
        if "wechat" in self.ports:
            changes["wechat_url"] = self.url("wechat")
        if "platform" in self.ports:
            changes["case_platform_url"] = self.url("platform")
        return changes

    def _wait(self, role: str) -> None:
        if not ROLES[role].listens:
            return
        ready = self._api_is_ready if role == "api" else lambda: _listens(self.ports[role])
        self._children[role].wait_ready(ready, timeout_s=READY_TIMEOUT_S)

    def _api_is_ready(self) -> bool:
        if not _listens(self.ports["api"]):
            time.sleep(0.05)
            return False
        try:
            return httpx.get(f"{self.api_url}/health/ready", trust_env=False, timeout=5).is_success
        except httpx.HTTPError:
            return False


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), 0.5).close()
    except OSError:
        return False
    return True


async def _seed(settings: Settings) -> None:
    from api.parts import open_parts  # noqa: PLC0415 - the rooms cost a second to import, and tests may not seed
    from api.seeding import seed  # noqa: PLC0415
    from domain.kernel import clock  # noqa: PLC0415

    async with open_parts(settings) as parts:
        await seed(parts, now=clock.utc_now())
