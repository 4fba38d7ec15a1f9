"""Processor time and memory of process trees, read from /proc (Linux).

The time of children that ended is in their parent's account, so a tree's sum never goes back.
"""

import os
from pathlib import Path

import msgspec

TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")
PARENT, USER, SYSTEM, ENDED_USER, ENDED_SYSTEM = 1, 11, 12, 13, 14  # fields of stat after the name
KIB = 1024


class Cpu(msgspec.Struct, frozen=True):
    """Processor time in µs by group of processes."""

    by_group: dict[str, float]

    def since(self, earlier: "Cpu") -> "Cpu":
        """The time between two readings."""
        return Cpu({name: used - earlier.by_group.get(name, 0.0) for name, used in self.by_group.items()})


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()


def tree(root: int) -> list[int]:
    """`root` and all its living descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) is not None:
            parents.setdefault(int(fields[PARENT]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += parents.get(pid, [])
    return found


def cpu_us(root: int) -> float:
    """User and system time of a tree, ended children included."""
    used = 0.0
    for pid in tree(root):
        if fields := _stat(pid):
            used += sum(int(fields[index]) for index in (USER, SYSTEM, ENDED_USER, ENDED_SYSTEM))
    return used * TICK_US


def read(groups: dict[str, int]) -> Cpu:
    """The time of each group (name → root pid) so far."""
    return Cpu({name: cpu_us(root) for name, root in groups.items()})


def memory_kib(root: int) -> int:
    """Resident memory of a tree; pages shared inside it count in proportion."""
    return sum(_pss_kib(pid) for pid in tree(root))


def _pss_kib(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        return 0
    return 0


def peak_kib(pid: int) -> int:
    """The highest resident memory one process ever had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0
