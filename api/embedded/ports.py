"""Loopback ports: chosen once, remembered in `<data>/stack.json`, replaced only when somebody else took one."""

import json
import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
FIRST, LAST = 15_000, 32_000  # below the kernel's range for outgoing connections, which would steal them


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


class Ports:
    """Named ports of one data folder."""

    def __init__(self, file: Path) -> None:
        """Reads `file`; an unreadable one means nothing is remembered."""
        self._file = file
        try:
            remembered = json.loads(file.read_text())["ports"]
            self._known = {str(name): int(port) for name, port in remembered.items()}
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            self._known = {}

    @property
    def known(self) -> dict[str, int]:
        """What is remembered, by name."""
        return dict(self._known)

    def get(self, name: str, *, wanted: int | None = None) -> int:
        """The remembered port when it is free, else `wanted` when that is free, else a new one; remembered."""
        others = {port for other, port in self._known.items() if other != name}
        for port in (self._known.get(name), wanted):
            if port is not None and port not in others and is_free(port):
                return self._remember(name, port)
        while True:
            port = random.randint(FIRST, LAST)
            if port not in others and is_free(port):
                return self._remember(name, port)

    def forget(self, prefix: str) -> None:
        """Drops the ports whose name starts with `prefix`: the next `get` chooses others."""
        self._known = {name: port for name, port in self._known.items() if not name.startswith(prefix)}

    def _remember(self, name: str, port: int) -> int:
        if self._known.get(name) != port:
            self._known[name] = port
            self._file.write_text(json.dumps({"ports": self._known}, indent=1) + "\n")
        return port
