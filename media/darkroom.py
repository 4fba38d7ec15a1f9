"""Hands files to the decoding processes and waits for their answers: a small pool, started when first needed.

A process that crashes, is killed or takes too long costs its photograph (refused, with the reason), never the caller.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from domain.kernel.errors import TryLater
from media.answers import Answer, Box, Refused
from media.limits import DECODE_ANSWER_BYTES_MAX, DECODE_WALL_S

ROOT = Path(__file__).parents[1]
REPORT_BYTES = 24
START_TIMEOUT_S = 60.0
EXCHANGE_TIMEOUT_S = DECODE_WALL_S + 10.0
QUEUE_TIMEOUT_S = 60.0  # a caller waits this long for a free process, then is told to come back
DECODER: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
TOO_COSTLY = {signal.SIGXCPU, signal.SIGALRM, signal.SIGKILL, signal.SIGXFSZ}


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one photograph cost its decoding process."""

    cpu_s: float
    peak_kib: int


class Child:
    """One long-lived process that forks a confined one per photograph. Used by one thread at a time."""

    def __init__(self) -> None:
        """Starts the process and waits until its decoders are loaded; raises OSError."""
        self.wire, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own module, fixed arguments
                [sys.executable, "-s", "-m", "media.darkroom_child", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                env={"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},  # no secrets
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.wire.settimeout(START_TIMEOUT_S)
        if self.wire.recv(1) != b"R":
            self.stop()
            raise OSError("the decoding process does not start")
        self.wire.settimeout(EXCHANGE_TIMEOUT_S)

    def exchange(self, source: BinaryIO, boxes: Sequence[Box]) -> tuple[Answer, Cost]:
        """Develops one file; raises OSError when the long-lived process is gone or silent."""
        source.seek(0)
        with tempfile.TemporaryFile() as target:
            socket.send_fds(self.wire, [msgspec.msgpack.encode(boxes)], [source.fileno(), target.fileno()])
            report = b""
            while len(report) < REPORT_BYTES:
                part = self.wire.recv(REPORT_BYTES - len(report))
                if not part:
                    raise ConnectionResetError("the decoding process is gone")
                report += part
            status, killer, peak_kib, cpu_us = (
                int.from_bytes(report[a:b], sys.byteorder) for a, b in ((0, 4), (4, 8), (8, 16), (16, 24))
            )
            target.seek(0)
            answer = _answer(status, killer, target.read(DECODE_ANSWER_BYTES_MAX))
        return answer, Cost(cpu_s=cpu_us / 1e6, peak_kib=peak_kib)

    def stop(self) -> None:
        """Ends the process and whatever it forked."""
        self.wire.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _answer(status: int, killer: int, written: bytes) -> Answer:
    if killer:
        name = signal.Signals(killer).name
        return Refused(code="photo-too-costly" if killer in TOO_COSTLY else "photo-unreadable", note=name)
    try:
        return DECODER.decode(written)
    except msgspec.MsgspecError:
        return Refused(code="photo-unreadable", note=f"exit status {status}")


class Darkroom:
    """A pool of decoding processes. `async with Darkroom() as darkroom: await darkroom.develop(file)`."""

    def __init__(self, *, rooms: int | None = None) -> None:
        """`rooms` is how many photographs are decoded at once; by default one per processor, at most four."""
        self.rooms = rooms or min(4, os.cpu_count() or 1)
        self._free = asyncio.Semaphore(self.rooms)
        self._threads = ThreadPoolExecutor(self.rooms, thread_name_prefix="darkroom")
        self._idle: list[Child] = []
        self._busy: set[Child] = set()

    async def __aenter__(self) -> Self:
        """Starts nothing yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends all processes, also those at work."""
        for child in [*self._idle, *self._busy]:
            child.stop()
        self._idle.clear()
        self._threads.shutdown(wait=True)

    async def develop(self, source: BinaryIO, boxes: Sequence[Box] = ()) -> tuple[Answer, Cost]:
        """Decodes the file behind an open descriptor. Raises `TryLater` when all processes stay busy."""
        try:
            async with asyncio.timeout(QUEUE_TIMEOUT_S):
                await self._free.acquire()
        except TimeoutError as error:
            raise TryLater(retry_after_s=10) from error
        try:
            work = asyncio.get_running_loop().run_in_executor(self._threads, self._develop, source, boxes)
            return await asyncio.shield(work)
        finally:
            self._free.release()

    def _develop(self, source: BinaryIO, boxes: Sequence[Box]) -> tuple[Answer, Cost]:
        child = self._a_child()
        self._busy.add(child)
        try:
            answer = child.exchange(source, boxes)
        except OSError as error:
            child.stop()
            return Refused(code="photo-decoding-stopped", note=type(error).__name__), Cost(cpu_s=0, peak_kib=0)
        finally:
            self._busy.discard(child)
        self._idle.append(child)
        return answer

    def _a_child(self) -> Child:
        while self._idle:
            child = self._idle.pop()
            if child.process.poll() is None:
                return child
            child.stop()
        try:
            return Child()
        except OSError as error:
            raise TryLater(retry_after_s=5) from error
