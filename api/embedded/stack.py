"""`Stack`: the embedded servers of one data folder, started together, stopped in order.

    with Stack(Path(".data")) as stack:
        stack.database_url, stack.redis_url, stack.s3

One supervisor per folder (`<data>/lock`); any number of folders side by side.
"""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self, TypeVar

from api.embedded.children import Child, ServiceFailed
from api.embedded.ports import Ports
from api.embedded.postgres import Postgres
from api.embedded.s3 import S3, S3Address
from api.embedded.valkey import Valkey

SERVICES = ("postgres", "valkey", "s3")  # start order; stopped in reverse
TRIES = 3  # another process may take a chosen port before our server does
FOLDER_MODE = 0o711  # PostgreSQL may run as `nobody` and must get through; every file inside is private

T = TypeVar("T")


class StackBusy(Exception):
    """Another running instance uses this data folder."""


class Service(Protocol):
    """One supervised server."""

    name: str

    def launch(self, ports: Ports) -> Child:
        """Starts it."""

    def wait_ready(self, child: Child) -> None:
        """Waits until it works."""


class Stack:
    """Starts the named services on entering, stops them on leaving. Use it from the main thread."""

    def __init__(
        self,
        data_dir: Path | str,
        services: Iterable[str] = SERVICES,
        *,
        pg_bin: str = "",
        bucket: str = "green-whistle",
    ) -> None:
        """`services` is any part of `SERVICES`; the others stay external."""
        self.data = Path(data_dir).expanduser().resolve()
        self.services = tuple(name for name in SERVICES if name in set(services))
        self._pg_bin, self._bucket = pg_bin, bucket
        self._lock: IO[str] | None = None
        self._running: dict[str, tuple[Service, Child]] = {}

    def __enter__(self) -> Self:
        """Takes the folder, starts everything, waits until all are ready."""
        self.data.mkdir(parents=True, exist_ok=True)
        if self.data.stat().st_uid == os.geteuid():
            self.data.chmod(FOLDER_MODE)
        self._take_folder()
        try:
            self.ports = Ports(self.data / "stack.json")
            made = [self._make(name) for name in self.services]
            for service in made:  # all at once: the slowest decides
                self._running[service.name] = (service, service.launch(self.ports))
            for service in made:
                self._wait(service)
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
    def database_url(self) -> str:
        """Address of the PostgreSQL database."""
        return self._get(Postgres).url

    @property
    def redis_url(self) -> str:
        """Address of Valkey."""
        return self._get(Valkey).url

    @property
    def s3(self) -> S3Address:
        """Address, keys and bucket of the object store."""
        return self._get(S3).address

    def child(self, name: str) -> Child:
        """The process of a service, for proofs that kill it."""
        return self._running[name][1]

    def revive(self, name: str) -> None:
        """Starts a service that died again, on the same folder and port when that is free."""
        service, child = self._running[name]
        child.wait_stopped()
        self._running[name] = (service, service.launch(self.ports))
        self._wait(service)

    def stop(self) -> None:
        """Stops in reverse order of start and gives the folder back."""
        for _, child in reversed(self._running.values()):
            child.signal_stop()
        for _, child in reversed(self._running.values()):
            child.wait_stopped()
        self._running.clear()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take_folder(self) -> None:
        self._lock = (self.data / "lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            self._lock = None
            raise StackBusy(f"another instance uses {self.data}: stop it or choose another GW_DATA_DIR") from error

    def _make(self, name: str) -> Service:
        if name == "postgres":
            return Postgres(self.data, pg_bin=self._pg_bin)
        return Valkey(self.data) if name == "valkey" else S3(self.data, bucket=self._bucket)

    def _wait(self, service: Service) -> None:
        """Waits; a server that ended early gets other ports and another try."""
        for attempt in range(1, TRIES + 1):
            try:
                service.wait_ready(self._running[service.name][1])
            except ServiceFailed:
                if attempt == TRIES:
                    raise
                self.ports.forget(service.name)
                self._running[service.name] = (service, service.launch(self.ports))
            else:
                return

    def _get(self, kind: type[T]) -> T:
        for service, _ in self._running.values():
            if isinstance(service, kind):
                return service
        raise LookupError(f"{kind.__name__} is not part of this stack")
