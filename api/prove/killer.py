"""Who is killed next: every victim equally often, in an order that the seed decides."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence

from api.bench.meter import tree
from api.embedded.children import Child
from api.embedded.installation import Installation

VICTIMS = ("api", "worker", "worker child", "postgres", "valkey", "beat")
PAUSE_S = (0.8, 2.5)  # between two kills
DOWN_S = (0.0, 0.8)  # how long a dead server stays down


def victims(chance: random.Random, names: Sequence[str] = VICTIMS) -> Iterator[str]:
    """Shuffled bags, so that nobody is spared for long."""
    while True:
        bag = list(names)
        chance.shuffle(bag)
        yield from bag


def child_of(installation: Installation, victim: str) -> Child:
    """The process of a server or of one of our roles."""
    return installation.stack.child(victim) if victim in {"postgres", "valkey"} else installation.child(victim)


def pid_of(installation: Installation, victim: str, chance: random.Random) -> int | None:
    """The process to kill."""
    if victim == "worker child":
        children = tree(installation.child("worker").pid)[1:]
        return chance.choice(children) if children else None
    return child_of(installation, victim).pid


def rampage(installation: Installation, *, seconds: float, seed: int, tell: Callable[[str], None]) -> dict[str, int]:
    """Kills with SIGKILL and starts again, for `seconds`; returns how often whom. Call it from the main thread."""
    chance = random.Random(seed)
    killed = dict.fromkeys(VICTIMS, 0)
    until = time.monotonic() + seconds
    for victim in victims(chance):
        time.sleep(chance.uniform(*PAUSE_S))
        if time.monotonic() > until:
            return killed
        pid = pid_of(installation, victim, chance)
        if pid is None:
            continue
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        if victim != "worker child":
            child_of(installation, victim).wait_stopped()
        killed[victim] += 1
        time.sleep(chance.uniform(*DOWN_S))
        back = installation.mend()
        tell(f"killed {victim} ({pid}); started again: {', '.join(back) or 'by its parent'}")
    return killed
