"""When this process is asked to end (SIGTERM, Ctrl-C): who only waits is told at once, who works may finish.

uvicorn lets running requests end and cuts them off after a while; an open event stream would use all of that time.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ASKED_BY = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def told_when_leaving(tell: Callable[[], None]) -> Iterator[None]:
    """Calls `tell` in the running loop when the server is asked to end; the server's own handler goes on as before.

    Does nothing where no server listens to the signal: in tests and in threads.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, before = asyncio.get_running_loop(), {sig: signal.getsignal(sig) for sig in ASKED_BY}

    def asked(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(tell)
        before[signal.Signals(number)](number, frame)  # type: ignore[operator,misc]

    ours = [sig for sig, handler in before.items() if _is_a_servers(handler)]
    for sig in ours:
        signal.signal(sig, asked)
    try:
        yield
    finally:
        for sig in ours:
            signal.signal(sig, before[sig])


def _is_a_servers(handler: Any) -> bool:
    return callable(handler) and handler is not signal.default_int_handler
